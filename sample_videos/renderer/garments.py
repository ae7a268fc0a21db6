"""What people are made of and wear: one distance field each, smoothly joined round cones.

Garments are meshes of their own, so that a hem stays a crisp edge however the body moves.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .mesh import cone, gradient, join, surface
from .skeleton import BONE_NAMES, BONES, REST


def _jacket(p, girth, extra=0.0, sleeve=1.0):
    g, j = girth, REST
    belly = 0.02 * max(0.0, g - 1.0) * 5
    parts = [
        cone(p, (0, 0.0, 0.93), (0, belly * 0.6, 1.1), 0.178 * g, 0.166 * g, (1, 0.68, 1)),
        cone(p, (0, belly * 0.6, 1.1), (0, 0.0, 1.29), 0.166 * g, 0.182 * (0.5 + 0.5 * g), (1, 0.68, 1)),
        cone(p, (-0.125, -0.01, 1.39), (0.125, -0.01, 1.39), 0.085, 0.085, (1, 1, 0.95)),
        cone(p, (0, -0.02, 1.40), (0, -0.015, 1.50), 0.105, 0.062, (1, 0.9, 1)),
    ]
    for s in "rl":
        thick = 0.006 + 0.02 * (g - 1)
        stop = j[f"shoulder_{s}"] + (j[f"wrist_{s}"] - j[f"shoulder_{s}"]) * sleeve
        parts.append(
            cone(p, j[f"shoulder_{s}"], j[f"elbow_{s}"] if sleeve > 0.5 else stop, 0.066 + thick, 0.052 + thick)
        )
        if sleeve > 0.5:
            parts.append(cone(p, j[f"elbow_{s}"], stop, 0.052 + thick, 0.043 + thick))
    body = join(parts, 0.035) - extra
    return np.maximum(body, 0.845 - p[:, 2])


def _vest(p, girth):
    return np.maximum(_jacket(p, girth, 0.012), np.maximum(np.abs(p[:, 0]) - 0.205, 0.86 - p[:, 2]))


def _trousers(p, girth):
    parts = [cone(p, (0, -0.005, 0.90), (0, 0, 1.02), 0.165 * girth, 0.155 * girth, (1, 0.7, 1))]
    for s in "rl":
        hip = REST[f"hip_{s}"] + (0, -0.01, -0.02)
        g = 0.5 + 0.5 * girth
        parts += [
            cone(p, hip, REST[f"knee_{s}"], 0.098 * g, 0.068 * g),
            cone(p, REST[f"knee_{s}"], REST[f"ankle_{s}"] + (0, 0, 0.0), 0.068 * g, 0.058),
        ]
    return np.maximum(join(parts, 0.025), 0.06 - p[:, 2])


def _shoes(p):
    parts = []
    for s in "rl":
        heel, toe = REST[f"ankle_{s}"] * (1, 1, 0) + (0, -0.03, 0.045), REST[f"toe_{s}"] + (0, 0, 0.01)
        parts += [cone(p, heel, toe, 0.048, 0.044), cone(p, heel, REST[f"ankle_{s}"] + (0, 0, 0.05), 0.045, 0.045)]
    return np.maximum(join(parts, 0.02), -p[:, 2])


def _hands(p):
    parts = []
    for s in "rl":
        w, f = REST[f"wrist_{s}"], REST[f"fingers_{s}"]
        parts += [
            cone(p, w - (f - w) * 0.25, w, 0.03, 0.03),
            cone(p, w, w + (f - w) * 0.55, 0.036, 0.042),
            cone(p, w + (f - w) * 0.55, f, 0.036, 0.022),
        ]
        parts.append(cone(p, w + (f - w) * 0.3, w + (f - w) * 0.55 + (0, 0.055, 0), 0.018, 0.014))
    return join(parts, 0.012)


def _arms(p):
    """Bare forearms, worn with short sleeves."""
    return join([cone(p, REST[f"shoulder_{s}"], REST[f"elbow_{s}"], 0.055, 0.043) for s in "rl"]
                 + [cone(p, REST[f"elbow_{s}"], REST[f"wrist_{s}"], 0.043, 0.03) for s in "rl"], 0.015)  # fmt: skip


def _head(p):
    parts = [
        cone(p, (0, -0.01, 1.665), (0, 0.012, 1.645), 0.083, 0.082, (0.94, 1.12, 1.12)),
        cone(p, (0, 0.035, 1.575), (0, 0.03, 1.60), 0.052, 0.06, (0.95, 1.05, 1)),
        cone(p, (0, -0.02, 1.44), (0, -0.005, 1.57), 0.062, 0.056),
        cone(p, (0, 0.098, 1.645), (0, 0.112, 1.615), 0.009, 0.015),
    ]
    parts += [cone(p, (s * 0.079, 0.0, 1.65), (s * 0.084, -0.01, 1.62), 0.014, 0.010) for s in (-1, 1)]
    return join(parts, 0.02)


def _hair(p, long):
    shell = cone(p, (0, -0.016, 1.672), (0, 0.004, 1.655), 0.093, 0.09, (0.95, 1.12, 1.12))
    face = np.maximum(p[:, 2] * 1.0 + p[:, 1] * -0.55 - 1.658, -9.0)
    top = np.maximum(shell, -face) if not long else np.maximum(shell, np.minimum(-face, p[:, 1] + 0.0))
    if long:
        top = join([top, cone(p, (0, -0.075, 1.62), (0, -0.09, 1.43), 0.075, 0.06, (1.1, 0.6, 1))], 0.03)
    return top


def _helmet(p):
    shell = np.maximum(cone(p, (0, -0.005, 1.69), (0, 0.0, 1.68), 0.105, 0.105, (1.0, 1.2, 1.0)), 1.685 - p[:, 2])
    brim = np.maximum(cone(p, (0, 0.02, 1.685), (0, 0.045, 1.682), 0.112, 0.112, (1, 1.2, 0.1)), 1.675 - p[:, 2])
    return np.minimum(shell, brim)


def _hood(p):
    shell = cone(p, (0, -0.03, 1.66), (0, -0.03, 1.5), 0.108, 0.10, (1, 1.15, 1.1))
    return np.maximum(shell, np.minimum(p[:, 1] - 0.045, 9))


def _backpack(p):
    q = np.abs(p - (0, -0.185, 1.24)) - np.array([0.115, 0.05, 0.17])
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.035


def _carton(p):
    q = np.abs(p - (0, 0.40, 1.12)) - np.array([0.2, 0.15, 0.13])
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.006


def _bag(p):
    f = REST["fingers_r"]
    q = np.abs(p - np.add(f, (0.0, 0.02, -0.17))) - np.array([0.05, 0.17, 0.12])
    handle = cone(p, np.add(f, (0, -0.07, -0.06)), np.add(f, (0, 0.02, 0.01)), 0.012, 0.012)
    other = cone(p, np.add(f, (0, 0.11, -0.06)), np.add(f, (0, 0.02, 0.01)), 0.012, 0.012)
    solid = np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0) - 0.02
    return np.minimum(solid, np.minimum(handle, other))


def _bind(points, allowed):
    """Bone weights by nearness: softmax over the distances to the allowed bones, 3 cm soft."""
    out = np.zeros((len(points), len(BONE_NAMES)))
    distances = np.full_like(out, np.inf)
    for i, bone in enumerate(BONE_NAMES):
        if any(bone.startswith(a) for a in allowed):
            a, b = REST[BONES[bone][0]], REST[BONES[bone][1]]
            thick = {"hips": 0.13, "chest": 0.13, "head": 0.08}.get(bone.split("_")[0], 0.05)
            distances[:, i] = np.maximum(cone(points, a, b, thick, thick), 0)
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
def garment(name: str, girth: float, variant: str = "") -> tuple[NDArray[np.float64], ...]:
    sleeve = 0.32 if variant == "short" else 1.0
    shapes = {
        "trousers": (lambda p: _trousers(p, girth), (-0.4, -0.3, 0.0), (0.4, 0.35, 1.15), 0.029),
        "jacket": (lambda p: _jacket(p, girth, 0.0, sleeve), (-0.75, -0.35, 0.8), (0.75, 0.4, 1.62), 0.029),
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
    return points, gradient(distance, points), triangles, _bind(points, GARMENTS[name])
