"""From a stance to a posed mesh: legs by two-bone inverse kinematics, arms by swing, then linear blend skinning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import Look, Mesh
from .skeleton import BONE_NAMES, BONES, FOREARM, HAND, REST, SHIN, THIGH, UPPER_ARM
from .walk import Foot, Stance

Joints = dict[str, NDArray[np.float64]]
X, Y, Z = np.eye(3)


def _turn(heading: float) -> NDArray[np.float64]:
    """Columns: where right, forward and up of the rest pose point."""
    c, s = np.cos(heading), np.sin(heading)
    return np.array([[s, c, 0], [-c, s, 0], [0, 0, 1.0]])


def _about(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Rotation by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k)


def joints_of(stance: Stance, look: Look, t: float, seed: int) -> tuple[Joints, dict[str, NDArray[np.float64]]]:
    """Joint positions in body metres scaled to the person, and hinge axes of the bones."""
    scale = look.height_m / 1.75
    world = _turn(stance.heading)
    swing = stance.stride / 0.75
    cycle = np.pi * stance.phase  # the hips pass over the left foot at even phases; both feet are down half-way between
    rng = np.random.default_rng(seed)
    idle = rng.uniform(0, 6.28, 6)
    still = 1.0 - min(1.0, swing)
    sway = np.array([-0.018 * min(swing, 1.0) * np.cos(cycle), 0, 0]) + still * np.array(
        [0.018 * np.sin(0.55 * t + idle[0]), 0.008 * np.sin(0.8 * t + idle[1]), 0]
    )
    ankles = [_ankle(foot, scale) for foot in (stance.left, stance.right)]
    run = 1.0 if stance.act == "run" else 0.0
    pelvis = np.array([*stance.xy, 0]) + world @ (sway * scale)
    pelvis[2] = (0.945 - 0.03 * run + 0.018 * swing * np.cos(2 * cycle)) * scale
    roll = 0.04 * swing * np.cos(cycle)
    yaw = 0.10 * swing * np.sin(cycle)
    hips = world @ _about(Z, yaw) @ _about(Y, roll)
    reach = (THIGH + SHIN) * 0.995 * scale
    for ankle, side in zip(ankles, (-1, 1), strict=True):
        hip = pelvis + hips @ (np.array([0.095 * side, 0, -0.02]) * scale)
        flat = np.hypot(*(ankle[:2] - hip[:2]))
        top = ankle[2] + np.sqrt(max(0.01, reach**2 - flat**2))
        pelvis[2] += min(0.0, top - hip[2])
    lean = -(0.03 + 0.05 * swing + 0.14 * run)
    look_about = still * 0.5 * np.sin(0.31 * t + idle[2]) * (1 if stance.act != "phone" else 0.1)
    stoop = lean - (0.06 if look.girth < 1 else 0)
    chest = world @ _about(Z, -yaw * 1.2 + 0.3 * look_about) @ _about(X, stoop) @ _about(Y, -0.5 * roll)
    joints: Joints = {"pelvis": pelvis}
    axes = {"hips": hips, "chest": chest}
    joints["waist"] = pelvis + hips @ ((REST["waist"] - REST["pelvis"]) * scale)
    for name in ("neck", "shoulder_r", "shoulder_l"):
        joints[name] = joints["waist"] + chest @ ((REST[name] - REST["waist"]) * scale)
    nod = -0.45 if stance.act == "phone" else -0.04 + 0.05 * np.sin(0.7 * t + idle[3])
    head = world @ _about(Z, look_about * 1.3) @ _about(X, nod)
    axes["head"] = head
    joints["head"] = joints["waist"] + chest @ ((REST["head"] - REST["waist"]) * scale)
    joints["crown"] = joints["head"] + head @ ((REST["crown"] - REST["head"]) * scale)
    for name, ankle, foot, side in (("l", ankles[0], stance.left, -1), ("r", ankles[1], stance.right, 1)):
        hip = pelvis + hips @ ((REST[f"hip_{name}"] - REST["pelvis"]) * scale)
        toward = _turn(foot.heading)[:, 1] * 0.7 + world[:, 1] * 0.3
        knee, hinge = _bend(hip, ankle, THIGH * scale, SHIN * scale, toward)
        joints |= {f"hip_{name}": hip, f"knee_{name}": knee, f"ankle_{name}": ankle}
        foot_frame = _turn(foot.heading) @ _about(X, -foot.pitch)
        joints[f"toe_{name}"] = ankle + foot_frame @ ((REST[f"toe_{name}"] - REST[f"ankle_{name}"]) * scale)
        axes |= {f"thigh_{name}": hinge, f"shin_{name}": hinge, f"foot_{name}": foot_frame}
        angles = _arm_angles(stance, look, name, swing, cycle, t, idle)
        elbow, wrist, fingers, hinge = _arm(joints[f"shoulder_{name}"], chest, side, angles, scale)
        joints |= {f"elbow_{name}": elbow, f"wrist_{name}": wrist, f"fingers_{name}": fingers}
        axes |= {f"upper_{name}": hinge, f"fore_{name}": hinge, f"hand_{name}": hinge}
    return joints, axes


def _ankle(foot: Foot, scale: float) -> NDArray[np.float64]:
    """The ankle over the ground point of a foot, raised and moved forward as the heel lifts over the ball."""
    forward = np.array([np.cos(foot.heading), np.sin(foot.heading)])
    up = max(foot.pitch, 0.0)
    ahead = 0.13 * (1 - np.cos(up)) + 0.05 * np.sin(up)
    z = 0.08 + foot.lift + 0.13 * np.sin(up) + 0.03 * max(-foot.pitch, 0)
    return np.array([*(foot.xy + forward * ahead * scale), z * scale])


def _bend(hip, ankle, upper, lower, toward):
    """Knee of a two-bone chain that bends towards `toward`, and the hinge axis."""
    axis = ankle - hip
    d = min(np.linalg.norm(axis), (upper + lower) * 0.9995)
    axis = axis / np.linalg.norm(axis)
    a = (upper**2 - lower**2 + d**2) / (2 * d)
    h = np.sqrt(max(upper**2 - a**2, 0.0))
    out = toward - axis * (toward @ axis)
    out /= np.linalg.norm(out)
    return hip + axis * a + out * h, np.cross(out, -axis)


def _arm_angles(stance, look, name, swing, cycle, t, idle):
    """Swing forward, spread and elbow bend of an arm, radians."""
    sign = 1 if name == "l" else -1
    if look.carries == "box":
        return 0.45, 0.12, 1.15
    if look.carries == "bag" and name == "r":
        return -0.1 * swing * np.sin(cycle), 0.12, 0.08
    if stance.act == "phone" and name == "r":
        return 0.55, 0.12, 1.75 + 0.05 * np.sin(1.3 * t)
    if stance.act == "look" and name == "l":
        return 0.3, 0.15, 1.3
    if stance.act == "run":
        return 0.75 * sign * np.sin(cycle), 0.15, 1.5 + 0.25 * np.cos(cycle) * sign
    forward = 0.42 * swing * sign * np.sin(cycle)
    still = 1 - min(swing, 1.0)
    forward += 0.05 * still * np.sin(0.4 * t + idle[4])
    return 0.05 + forward, 0.13 + 0.02 * np.sin(0.5 * t + idle[5]) * still, 0.22 + 0.25 * max(forward, 0) + 0.1 * still


def _arm(shoulder, chest, side, angles, scale):
    forward, spread, bend = angles
    frame = chest @ _about(X, forward) @ _about(Y, -side * spread)
    elbow = shoulder + frame @ (np.array([0, 0, -1.0]) * UPPER_ARM * scale)
    lower = frame @ _about(X, bend)
    inward = lower @ _about(Y, side * (0.25 if bend > 1 else 0.05))
    wrist = elbow + inward @ (np.array([0, 0, -1.0]) * FOREARM * scale)
    fingers = wrist + inward @ (np.array([0, 0, -1.0]) * HAND * scale)
    return elbow, wrist, fingers, frame[:, 0]


def _frame(direction, hinge):
    """Orthonormal columns: hinge, across, along."""
    along = direction / np.linalg.norm(direction)
    h = hinge - along * (hinge @ along)
    h /= np.linalg.norm(h)
    return np.column_stack((h, np.cross(along, h), along))


def pose(
    mesh: Mesh, look: Look, stance: Stance, t: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (V, 3) in site metres and normals (V, 3) of a person's mesh (Magnenat-Thalmann et al. 1988)."""
    scale = look.height_m / 1.75
    joints, axes = joints_of(stance, look, t, seed)
    x = X
    points, normals = np.zeros_like(mesh.points), np.zeros_like(mesh.normals)
    for i, bone in enumerate(BONE_NAMES):
        weight = mesh.weights[:, i]
        used = weight > 1e-4
        if not used.any():
            continue
        a, b = BONES[bone]
        if bone in ("hips", "chest", "head") or bone.startswith("foot"):
            rotation = axes[bone]
        else:
            rotation = _frame(joints[b] - joints[a], axes[bone]) @ _frame(REST[b] - REST[a], x).T
        w = weight[used, None]
        points[used] += w * (joints[a] + (mesh.points[used] - REST[a]) @ rotation.T * scale)
        normals[used] += w * (mesh.normals[used] @ rotation.T)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return points, normals
