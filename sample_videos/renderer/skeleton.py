"""Joints of the rest pose and the bones between them: 1.75 m tall, facing +y, arms held 40 degrees from the body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEIGHT_M = 1.75
ARM = np.array([np.sin(np.radians(40)), 0.0, -np.cos(np.radians(40))])
SHOULDER_X, HIP_X = 0.178, 0.095
UPPER_ARM, FOREARM, HAND, THIGH, SHIN = 0.285, 0.255, 0.16, 0.43, 0.42


def _rest() -> dict[str, NDArray[np.float64]]:
    """Joints of the rest pose, metres."""
    joints = {
        "pelvis": (0, 0, 0.95), "waist": (0, 0, 1.12), "neck": (0, -0.015, 1.47), "head": (0, 0.0, 1.54),
        "crown": (0, 0.01, 1.75),
    }  # fmt: skip
    out = {name: np.array(point, float) for name, point in joints.items()}
    for side, s in (("r", 1.0), ("l", -1.0)):
        arm = ARM * (s, 1, 1)
        out[f"shoulder_{side}"] = np.array([SHOULDER_X * s, -0.01, 1.425])
        out[f"elbow_{side}"] = out[f"shoulder_{side}"] + arm * UPPER_ARM
        out[f"wrist_{side}"] = out[f"elbow_{side}"] + arm * FOREARM
        out[f"fingers_{side}"] = out[f"wrist_{side}"] + arm * HAND
        out[f"hip_{side}"] = np.array([HIP_X * s, 0, 0.93])
        out[f"knee_{side}"] = np.array([0.1 * s, 0.012, 0.5])
        out[f"ankle_{side}"] = np.array([0.105 * s, -0.005, 0.08])
        out[f"toe_{side}"] = np.array([0.12 * s, 0.17, 0.03])
    return out


REST = _rest()
BONES: dict[str, tuple[str, str]] = {
    "hips": ("pelvis", "waist"), "chest": ("waist", "neck"), "head": ("head", "crown"),
    **{f"{bone}_{s}": (f"{a}_{s}", f"{b}_{s}") for s in "rl" for bone, a, b in (
        ("upper", "shoulder", "elbow"), ("fore", "elbow", "wrist"), ("hand", "wrist", "fingers"),
        ("thigh", "hip", "knee"), ("shin", "knee", "ankle"), ("foot", "ankle", "toe"))},
}  # fmt: skip
BONE_NAMES = tuple(BONES)
