"""A person: build and clothes, and the rest-pose mesh that they give, bound to bones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .colour import linear
from .garments import garment
from .skeleton import REST


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
    """Corners (V, 3), unit normals (V, 3), triangles int32 (T, 3), linear colour (V, 3), bone weights (V, B)."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    triangles: NDArray[np.int32]
    colour: NDArray[np.float64]
    weights: NDArray[np.float64]


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
        p, n, t, w = garment(name, look.girth, variant)
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


def _folded(p, n):
    """Normals bent as folds of cloth bend them: oblique waves, stronger at elbows, knees and waist."""
    joints = ("elbow_l", "elbow_r", "knee_l", "knee_r", "waist")
    near = sum(np.exp(-((np.linalg.norm(p - REST[j], axis=1) / 0.12) ** 2)) for j in joints)
    wave = np.sin(p[:, 2] * 95 + 7 * np.sin(p[:, 0] * 16 + p[:, 1] * 11) + p[:, 0] * 20) * (
        0.10 + 0.22 * np.minimum(near, 1)
    )
    slow = np.sin(p[:, 2] * 31 + p[:, 0] * 27 + 2 * np.sin(p[:, 1] * 19)) * 0.16
    bent = n + np.column_stack((slow * 0.5, slow * 0.3, wave + slow))
    return np.asarray(bent / np.linalg.norm(bent, axis=1, keepdims=True))


def _dye(name, p, n, rgb):
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
