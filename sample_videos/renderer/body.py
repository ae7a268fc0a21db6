"""A person's body, grown from round cones: signed distances, smoothly joined, meshed, and bound to bones.

Rest pose: 1.75 m tall, facing +y, arms held 40 degrees from the body. Garments are meshes of their own, so that a hem
stays a crisp edge however the body moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

HEIGHT_M = 1.75
ARM = np.array([np.sin(np.radians(40)), 0.0, -np.cos(np.radians(40))])
SHOULDER_X, HIP_X = 0.178, 0.095
UPPER_ARM, FOREARM, HAND, THIGH, SHIN = 0.285, 0.255, 0.16, 0.43, 0.42


def _rest() -> dict[str, NDArray[np.float64]]:
    """Joints of the rest pose, metres."""
    joints = {"pelvis": (0, 0, 0.95), "waist": (0, 0, 1.12), "neck": (0, -0.015, 1.47), "head": (0, 0.0, 1.54), "crown": (0, 0.01, 1.75)}  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class Look:
    """Build and clothes of one person; colours are sRGB 0-255."""

    height_m: float = 1.75
    girth: float = 1.0
    """1 is slender-ordinary; 1.25 stout."""
    skin: tuple[int, int, int] = (205, 160, 130)
    hair: tuple[int, int, int] = (50, 38, 30)
    jacket: tuple[int, int, int] = (52, 62, 82)
    trousers: tuple[int, int, int] = (44, 46, 52)
    shoes: tuple[int, int, int] = (28, 26, 26)
    vest: tuple[int, int, int] | None = None
    helmet: tuple[int, int, int] | None = None
    hood: bool = False
    long_hair: bool = False
    backpack: tuple[int, int, int] | None = None
    carries: str = ""
    """`box`: a carton in both hands; `bag`: in the right hand."""
    sleeves: str = "long"


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Corners float64 (V, 3), unit normals (V, 3), triangles int32 (T, 3), linear colour (V, 3), bone weights (V, B)."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    triangles: NDArray[np.int32]
    colour: NDArray[np.float64]
    weights: NDArray[np.float64]
    openness: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """sRGB 0-255 to linear light 0-1 (IEC 61966-2-1), RGB."""
    c = np.array(colour) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _cone(p, a, b, ra, rb, squash=(1.0, 1.0, 1.0)):  # noqa: ANN001, ANN202, PLR0913
    """Distance to a cone with round ends between `a` and `b`; `squash` scales the axes first (about exact)."""
    k = np.array(squash, float)
    p, a, b = p / k, np.asarray(a, float) / k, np.asarray(b, float) / k
    axis = b - a
    t = np.clip(((p - a) @ axis) / (axis @ axis + 1e-12), 0, 1)
    return (np.linalg.norm(p - a - t[:, None] * axis, axis=1) - (ra + (rb - ra) * t)) * k.min()


def _join(distances, k):  # noqa: ANN001, ANN202
    """Smooth minimum (polynomial, after Quilez): no crease where limbs meet."""
    out = distances[0]
    for d in distances[1:]:
        h = np.clip(0.5 + 0.5 * (d - out) / k, 0, 1)
        out = d * (1 - h) + out * h - k * h * (1 - h)
    return out


def _jacket(p, girth, extra=0.0, sleeve=1.0):  # noqa: ANN001, ANN202
    g, j = girth, REST
    belly = 0.02 * max(0.0, g - 1.0) * 5
    parts = [
        _cone(p, (0, 0.0, 0.93), (0, belly * 0.6, 1.1), 0.178 * g, 0.166 * g, (1, 0.68, 1)),
        _cone(p, (0, belly * 0.6, 1.1), (0, 0.0, 1.29), 0.166 * g, 0.182 * (0.5 + 0.5 * g), (1, 0.68, 1)),
        _cone(p, (-0.125, -0.01, 1.39), (0.125, -0.01, 1.39), 0.085, 0.085, (1, 1, 0.95)),
        _cone(p, (0, -0.02, 1.40), (0, -0.015, 1.50), 0.105, 0.062, (1, 0.9, 1)),
    ]
    for s in "rl":
        thick = 0.006 + 0.02 * (g - 1)
        stop = j[f"shoulder_{s}"] + (j[f"wrist_{s}"] - j[f"shoulder_{s}"]) * sleeve
        parts.append(_cone(p, j[f"shoulder_{s}"], j[f"elbow_{s}"] if sleeve > 0.5 else stop, 0.066 + thick, 0.052 + thick))
        if sleeve > 0.5:
            parts.append(_cone(p, j[f"elbow_{s}"], stop, 0.052 + thick, 0.043 + thick))
    body = _join(parts, 0.035) - extra
    return np.maximum(body, 0.845 - p[:, 2])


def _vest(p, girth):  # noqa: ANN001, ANN202
    return np.maximum(_jacket(p, girth, 0.012), np.maximum(np.abs(p[:, 0]) - 0.205, 0.86 - p[:, 2]))


def _trousers(p, girth):  # noqa: ANN001, ANN202
    parts = [_cone(p, (0, -0.005, 0.90), (0, 0, 1.02), 0.165 * girth, 0.155 * girth, (1, 0.7, 1))]
    for s in "rl":
        hip = REST[f"hip_{s}"] + (0, -0.01, -0.02)
        g = 0.5 + 0.5 * girth
        parts += [
            _cone(p, hip, REST[f"knee_{s}"], 0.098 * g, 0.068 * g),
            _cone(p, REST[f"knee_{s}"], REST[f"ankle_{s}"] + (0, 0, 0.0), 0.068 * g, 0.058),
        ]
    return np.maximum(_join(parts, 0.025), 0.06 - p[:, 2])


def _shoes(p):  # noqa: ANN001, ANN202
    parts = []
    for s in "rl":
        heel, toe = REST[f"ankle_{s}"] * (1, 1, 0) + (0, -0.03, 0.045), REST[f"toe_{s}"] + (0, 0, 0.01)
        parts += [_cone(p, heel, toe, 0.048, 0.044), _cone(p, heel, REST[f"ankle_{s}"] + (0, 0, 0.05), 0.045, 0.045)]
    return np.maximum(_join(parts, 0.02), -p[:, 2])


def _hands(p):  # noqa: ANN001, ANN202
    parts = []
    for s in "rl":
        w, f = REST[f"wrist_{s}"], REST[f"fingers_{s}"]
        parts += [_cone(p, w - (f - w) * 0.25, w, 0.03, 0.03), _cone(p, w, w + (f - w) * 0.55, 0.036, 0.042), _cone(p, w + (f - w) * 0.55, f, 0.036, 0.022)]
        parts.append(_cone(p, w + (f - w) * 0.3, w + (f - w) * 0.55 + (0, 0.055, 0), 0.018, 0.014))
    return _join(parts, 0.012)


def _arms(p):  # noqa: ANN001, ANN202
    """Bare forearms, worn with short sleeves."""
    return _join([_cone(p, REST[f"shoulder_{s}"], REST[f"elbow_{s}"], 0.055, 0.043) for s in "rl"]
                 + [_cone(p, REST[f"elbow_{s}"], REST[f"wrist_{s}"], 0.043, 0.03) for s in "rl"], 0.015)  # fmt: skip


def _head(p):  # noqa: ANN001, ANN202
    parts = [
        _cone(p, (0, -0.01, 1.665), (0, 0.012, 1.645), 0.083, 0.082, (0.94, 1.12, 1.12)),
        _cone(p, (0, 0.035, 1.575), (0, 0.03, 1.60), 0.052, 0.06, (0.95, 1.05, 1)),
        _cone(p, (0, -0.02, 1.44), (0, -0.005, 1.57), 0.062, 0.056),
        _cone(p, (0, 0.098, 1.645), (0, 0.112, 1.615), 0.009, 0.015),
    ]
    parts += [_cone(p, (s * 0.079, 0.0, 1.65), (s * 0.084, -0.01, 1.62), 0.014, 0.010) for s in (-1, 1)]
    return _join(parts, 0.02)


def _hair(p, long):  # noqa: ANN001, ANN202
    shell = _cone(p, (0, -0.016, 1.672), (0, 0.004, 1.655), 0.093, 0.09, (0.95, 1.12, 1.12))
    face = np.maximum(p[:, 2] * 1.0 + p[:, 1] * -0.55 - 1.658, -9.0)
    top = np.maximum(shell, -face) if not long else np.maximum(shell, np.minimum(-face, p[:, 1] + 0.0))
    if long:
        top = _join([top, _cone(p, (0, -0.075, 1.62), (0, -0.09, 1.43), 0.075, 0.06, (1.1, 0.6, 1))], 0.03)
    return top


def _helmet(p):  # noqa: ANN001, ANN202
    shell = np.maximum(_cone(p, (0, -0.005, 1.69), (0, 0.0, 1.68), 0.105, 0.105, (1.0, 1.2, 1.0)), 1.685 - p[:, 2])
    brim = np.maximum(_cone(p, (0, 0.02, 1.685), (0, 0.045, 1.682), 0.112, 0.112, (1, 1.2, 0.1)), 1.675 - p[:, 2])
    return np.minimum(shell, brim)


def _hood(p):  # noqa: ANN001, ANN202
    shell = _cone(p, (0, -0.03, 1.66), (0, -0.03, 1.5), 0.108, 0.10, (1, 1.15, 1.1))
    return np.maximum(shell, np.minimum(p[:, 1] - 0.045, 9))


def _backpack(p):  # noqa: ANN001, ANN202
    q = np.abs(p - (0, -0.185, 1.24)) - np.array([0.115, 0.05, 0.17])
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.035


def _carton(p):  # noqa: ANN001, ANN202
    q = np.abs(p - (0, 0.40, 1.12)) - np.array([0.2, 0.15, 0.13])
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.006


def _bag(p):  # noqa: ANN001, ANN202
    f = REST["fingers_r"]
    q = np.abs(p - (f + (0.0, 0.02, -0.17))) - np.array([0.05, 0.17, 0.12])
    handle = _cone(p, f + (0, -0.07, -0.06), f + (0, 0.02, 0.01), 0.012, 0.012)
    other = _cone(p, f + (0, 0.11, -0.06), f + (0, 0.02, 0.01), 0.012, 0.012)
    solid = np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.02
    return np.minimum(solid, np.minimum(handle, other))


def surface(distance, low, high, step):  # noqa: ANN001, ANN201
    """The zero surface of a distance field by surface nets (Gibson 1998): corners (V, 3), outward triangles (T, 3)."""
    low, high = np.array(low, float), np.array(high, float)
    shape = np.ceil((high - low) / step).astype(int) + 1
    grid = np.stack(np.meshgrid(*(low[i] + step * np.arange(shape[i]) for i in range(3)), indexing="ij"), -1)
    field_ = distance(grid.reshape(-1, 3)).reshape(shape)
    inside = field_ < 0
    corners = [inside[i : shape[0] - 1 + i, j : shape[1] - 1 + j, k : shape[2] - 1 + k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]  # fmt: skip
    count = np.sum(corners, 0)
    cell = (count > 0) & (count < 8)
    number = np.full(cell.shape, -1)
    number[cell] = np.arange(cell.sum())
    total, hits = np.zeros((*cell.shape, 3)), np.zeros(cell.shape)
    for axis in range(3):
        for i in (0, 1):
            for j in (0, 1):
                start = [0, 0, 0]
                others = [a for a in range(3) if a != axis]
                start[others[0]], start[others[1]] = i, j
                a = tuple(slice(s, s + n - 1) for s, n in zip(start, shape, strict=True))
                end = list(start)
                end[axis] += 1
                b = tuple(slice(s, s + n - 1) for s, n in zip(end, shape, strict=True))
                fa, fb = field_[a], field_[b]
                crossing = (fa < 0) != (fb < 0)
                t = np.where(crossing, fa / np.where(crossing, fa - fb, 1), 0)
                point = np.broadcast_to(np.array(start, float), (*cell.shape, 3)).copy()
                point[..., axis] += t
                total += point * crossing[..., None]
                hits += crossing
    index = np.argwhere(cell)
    points = low + step * (index + total[cell] / hits[cell][:, None])
    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        a = [slice(1, n - 1) for n in shape]
        b = list(a)
        a[axis], b[axis] = slice(0, shape[axis] - 1), slice(1, shape[axis])
        fa, fb = inside[tuple(a)], inside[tuple(b)]
        edges = np.argwhere(fa != fb)
        if not len(edges):
            continue
        flip = fa[fa != fb]
        base = edges.copy()
        base[:, u] += 1
        base[:, v] += 1
        quad = []
        for du, dv in ((-1, -1), (0, -1), (0, 0), (-1, 0)):
            c = base.copy()
            c[:, u] += du
            c[:, v] += dv
            quad.append(number[tuple(c.T)])
        q = np.stack(quad, 1)
        q[~flip] = q[~flip][:, ::-1]
        faces.append(np.concatenate((q[:, [0, 1, 2]], q[:, [0, 2, 3]])))
    return points, np.concatenate(faces).astype(np.int32)


def _gradient(distance, points):  # noqa: ANN001, ANN202
    e = 0.004
    g = np.stack([distance(points + e * np.eye(3)[i]) - distance(points - e * np.eye(3)[i]) for i in range(3)], 1)
    return g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-9)


def _bind(points, allowed):  # noqa: ANN001, ANN202
    """Bone weights by nearness: softmax over the distances to the allowed bones, 3 cm soft."""
    out = np.zeros((len(points), len(BONE_NAMES)))
    distances = np.full_like(out, np.inf)
    for i, bone in enumerate(BONE_NAMES):
        if any(bone.startswith(a) for a in allowed):
            a, b = REST[BONES[bone][0]], REST[BONES[bone][1]]
            thick = {"hips": 0.13, "chest": 0.13, "head": 0.08}.get(bone.split("_")[0], 0.05)
            distances[:, i] = np.maximum(_cone(points, a, b, thick, thick), 0)
            if bone[-2:] == "_r":
                distances[points[:, 0] < -0.02, i] = np.inf
            if bone[-2:] == "_l":
                distances[points[:, 0] > 0.02, i] = np.inf
    nearest = distances.min(1, keepdims=True)
    out = np.exp(-(distances - nearest) / 0.028)
    return out / out.sum(1, keepdims=True)


GARMENTS = {
    "trousers": ("hips", "thigh", "shin"), "jacket": ("hips", "chest", "upper", "fore"), "vest": ("hips", "chest"),
    "shoes": ("foot",), "hands": ("hand",), "arms": ("upper", "fore"), "head": ("head", "chest"), "hair": ("head",),
    "helmet": ("head",), "hood": ("head", "chest"), "backpack": ("chest",), "box": ("chest",), "bag": ("hand_r",),
}  # fmt: skip


@lru_cache(maxsize=64)
def _garment(name: str, girth: float, variant: str = "") -> tuple[NDArray[np.float64], ...]:
    shapes = {
        "trousers": (lambda p: _trousers(p, girth), (-0.4, -0.3, 0.0), (0.4, 0.35, 1.15), 0.029),
        "jacket": (lambda p: _jacket(p, girth, 0.0, 0.32 if variant == "short" else 1.0), (-0.75, -0.35, 0.8), (0.75, 0.4, 1.62), 0.029),
        "vest": (lambda p: _vest(p, girth), (-0.4, -0.35, 0.8), (0.4, 0.4, 1.62), 0.026),
        "shoes": (_shoes, (-0.25, -0.15, -0.03), (0.25, 0.3, 0.22), 0.021),
        "hands": (_hands, (-0.8, -0.15, 0.7), (0.8, 0.2, 1.15), 0.017),
        "arms": (_arms, (-0.75, -0.15, 0.9), (0.75, 0.15, 1.55), 0.023),
        "head": (_head, (-0.15, -0.15, 1.4), (0.15, 0.2, 1.82), 0.017),
        "hair": (lambda p: _hair(p, variant == "long"), (-0.16, -0.22, 1.35), (0.16, 0.18, 1.85), 0.018),
        "helmet": (_helmet, (-0.17, -0.2, 1.6), (0.17, 0.25, 1.86), 0.018),
        "hood": (_hood, (-0.2, -0.22, 1.35), (0.2, 0.15, 1.84), 0.021),
        "backpack": (_backpack, (-0.25, -0.4, 0.9), (0.25, 0.0, 1.55), 0.039),
        "box": (_carton, (-0.3, 0.15, 0.9), (0.3, 0.65, 1.35), 0.039),
        "bag": (_bag, (0.4, -0.3, 0.5), (0.85, 0.4, 1.0), 0.023),
    }  # fmt: skip
    distance, low, high, step = shapes[name]
    points, triangles = surface(distance, low, high, step)
    return points, _gradient(distance, points), triangles, _bind(points, GARMENTS[name])


def worn(look: Look) -> list[tuple[str, tuple[int, int, int], str]]:
    """The garments of a look, with colour and variant."""
    items: list[tuple[str, tuple[int, int, int], str]] = [
        ("trousers", look.trousers, ""), ("jacket", look.jacket, "short" if look.sleeves == "short" else ""),
        ("shoes", look.shoes, ""), ("hands", look.skin, ""), ("head", look.skin, ""),
    ]  # fmt: skip
    if look.sleeves == "short":
        items.append(("arms", look.skin, ""))
    items.append(("helmet", look.helmet, "")) if look.helmet else None
    items.append(("hood", look.jacket, "") if look.hood else ("hair", look.hair, "long" if look.long_hair else ""))
    if look.vest:
        items.append(("vest", look.vest, ""))
    if look.backpack:
        items.append(("backpack", look.backpack, ""))
    if look.carries:
        items.append((look.carries, (150, 112, 70) if look.carries == "box" else (38, 34, 32), ""))
    return items


@lru_cache(maxsize=64)
def build(look: Look) -> Mesh:
    """The rest-pose mesh of a person; scaled to their height when posed."""
    points, normals, triangles, colour, weights, base = [], [], [], [], [], 0
    for name, rgb, variant in worn(look):
        p, n, t, w = _garment(name, look.girth, variant)
        points.append(p)
        normals.append(_folded(p, n) if name in ("jacket", "trousers", "hood") else n)
        triangles.append(t + base)
        colour.append(_dye(name, p, n, linear(rgb)))
        weights.append(w)
        base += len(p)
    return Mesh(
        points=np.concatenate(points), normals=np.concatenate(normals), triangles=np.concatenate(triangles),
        colour=np.concatenate(colour), weights=np.concatenate(weights),
    )  # fmt: skip


def _folded(p, n):  # noqa: ANN001, ANN202
    """Normals bent as folds of cloth bend them: oblique waves, stronger at elbows, knees and waist."""
    near = sum(np.exp(-((np.linalg.norm(p - REST[j], axis=1) / 0.12) ** 2)) for j in ("elbow_l", "elbow_r", "knee_l", "knee_r", "waist"))  # fmt: skip
    wave = np.sin(p[:, 2] * 95 + 7 * np.sin(p[:, 0] * 16 + p[:, 1] * 11) + p[:, 0] * 20) * (0.10 + 0.22 * np.minimum(near, 1))
    slow = np.sin(p[:, 2] * 31 + p[:, 0] * 27 + 2 * np.sin(p[:, 1] * 19)) * 0.16
    bent = n + np.column_stack((slow * 0.5, slow * 0.3, wave + slow))
    return np.asarray(bent / np.linalg.norm(bent, axis=1, keepdims=True))


def _dye(name, p, n, rgb):  # noqa: ANN001, ANN202
    """Colour of each corner: cloth is uneven, a vest has bands, a face has eyes, brows and lips."""
    phase = p[:, 0] * 31 + p[:, 1] * 23 + p[:, 2] * 41
    uneven = 1 + 0.07 * np.sin(phase) * np.cos(p[:, 2] * 17 + p[:, 0] * 29)
    out = np.clip(rgb[None] * uneven[:, None], 0.004, 0.95)
    if name == "vest":
        band = ((np.abs(p[:, 2] - 1.02) < 0.028) | (np.abs(p[:, 2] - 1.16) < 0.028)
                | ((np.abs(np.abs(p[:, 0]) - 0.12) < 0.026) & (p[:, 2] > 1.16)))  # fmt: skip
        out[band] = (0.75, 0.76, 0.78)
    if name == "jacket":
        out[(np.abs(p[:, 0]) < 0.012) & (n[:, 1] > 0.3)] *= 0.6
        out[p[:, 2] < 0.875] *= 0.75
    if name == "trousers":
        out[p[:, 2] > 0.97] *= 0.5
    if name == "head":
        front = n[:, 1] > 0.2
        out[front & (np.abs(np.abs(p[:, 0]) - 0.033) < 0.016) & (np.abs(p[:, 2] - 1.652) < 0.011)] = (0.03, 0.02, 0.02)
        out[front & (np.abs(np.abs(p[:, 0]) - 0.034) < 0.022) & (np.abs(p[:, 2] - 1.676) < 0.007)] *= 0.35
        out[front & (np.abs(p[:, 0]) < 0.026) & (np.abs(p[:, 2] - 1.578) < 0.009)] *= (0.8, 0.45, 0.45)
    if name == "shoes":
        out[p[:, 2] < 0.018] = 0.12
    if name == "box":
        out[np.abs(p[:, 0]) < 0.03] *= 1.35
    return out
