"""What a camera usually sees, in a form that light does not change: where edges lie and how sharp they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

FINE_PX = 960
COARSE_PX = 160
BLOCKS = (6, 8)  # rows, columns
BLACK = 16.0
"""Brightness of black in video range (BT.601); full-range pictures only look a little brighter for it."""
_TEXTURE = 6.0
"""Edge strength in grey levels at the coarse scale below which a block holds nothing to recognise: twice what
sensor noise of one level and coding at CRF 28 leave (README)."""
ALIKE = 0.8
"""Agreement at which a picture is plainly the usual one; a fixed camera with people in view stays above 0.9."""
_SHARPEST = 0.98


@dataclass(frozen=True, slots=True)
class Look:
    """One picture, measured. Edge directions are doubled angles, so that an edge whose sides swap brightness (a lit
    window at night) is still the same edge: `edges` float32 (h, w, 2); `strength` float32 (6, 8) per block.

    `sharpness` is how sharply brightness bends at the fine scale over how much it rises at the coarse one: contrast
    cancels out, and a blur of width s lowers it by s squared.
    """

    mean: float
    p5: float
    p95: float
    edges: Field
    strength: Field
    steepest: float
    sharpness: float


def look_at(luma: NDArray[np.uint8]) -> Look:
    """Measure a brightness picture uint8 (H, W) of any size."""
    fine = _narrowed(luma, FINE_PX)
    coarse = _narrowed(fine, COARSE_PX)
    gx, gy = _gradients(coarse)
    size = np.hypot(gx, gy)
    steepest = _highest(size)
    crispest = _highest(np.abs(_bends(fine)[::2, ::2]))
    p5, p95 = np.percentile(coarse, (5, 95))
    safe = np.maximum(size, 1e-6)
    edges = np.dstack(((gx * gx - gy * gy) / safe, 2 * gx * gy / safe)).astype(np.float32)
    return Look(
        mean=float(coarse.mean()), p5=float(p5), p95=float(p95), edges=edges, strength=_per_block(size),
        steepest=steepest, sharpness=crispest / max(steepest, 1e-6),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a picture compares with the reference.

    `agreement` in [-1, 1] is the median over textured blocks of the correlation of edge directions; `vanished` is
    the share of them whose edges are gone beyond what dimmer light explains; `sharpness` is relative to the usual.
    `shift` is how far the edges have moved, as shares of the picture's width and height: None where the picture is
    plainly the usual one, or nothing is sure.
    """

    agreement: float
    vanished: float
    sharpness: float
    shift: tuple[float, float] | None


class Reference:
    """The usual picture of a camera: edges averaged over time, so that whoever walks by hardly counts."""

    def __init__(self) -> None:
        self._weight_s = 0.0
        self._edges: Field | None = None
        self._strength: Field | None = None
        self._light = 0.0
        self._sharpness = 0.0

    @property
    def learned_s(self) -> float:
        """Seconds of pictures that have gone in."""
        return self._weight_s

    def learn(self, look: Look, seconds: float, *, memory_s: float) -> None:
        """Let a picture that stood for `seconds` into an average that remembers about `memory_s`."""
        light = max(1.0, look.mean - BLACK)
        if self._edges is None or self._edges.shape != look.edges.shape:
            self.__init__()  # type: ignore[misc]
            self._edges, self._strength = look.edges.copy(), look.strength.copy()
            self._light, self._sharpness = light, look.sharpness
        share = min(1.0, seconds / max(seconds, min(self._weight_s + seconds, memory_s)))
        assert self._strength is not None
        self._edges = self._edges + share * (look.edges - self._edges)
        self._strength = self._strength + share * (look.strength - self._strength)
        self._light += share * (light - self._light)
        known = self._sharpness > 0.0
        self._sharpness = self._sharpness + share * (look.sharpness - self._sharpness) if known else look.sharpness
        self._weight_s += seconds

    def resized(self) -> None:
        """Pictures come in another size from here on: what is sharp is learned anew, where edges lie is not."""
        self._sharpness = 0.0

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` goes on, also in another process; empty before anything was learned."""
        if self._edges is None or self._strength is None:
            return {}
        numbers = np.array([self._weight_s, self._light, self._sharpness])
        return {"edges": self._edges.astype(np.float16), "strength": self._strength, "numbers": numbers}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from `state`.

        Raises:
            ValueError, KeyError: not a state of this version.
        """
        edges, strength = state["edges"].astype(np.float32), state["strength"].astype(np.float32)
        if edges.ndim != 3 or edges.shape[2] != 2 or strength.shape != BLOCKS or not np.isfinite(edges).all():
            raise ValueError(f"no reference: edges {edges.shape}, strength {strength.shape}")
        self._edges, self._strength = edges, strength
        self._weight_s, self._light, self._sharpness = (float(one) for one in state["numbers"])

    def compare(self, look: Look) -> Likeness | None:
        """How like the usual picture this is; None where nothing was learned or there is nothing to recognise."""
        if self._edges is None or self._strength is None or self._edges.shape != look.edges.shape:
            return None
        textured = self._strength > _TEXTURE
        if textured.sum() < 4:
            return None
        dimmed = min(1.0, max(1.0, look.mean - BLACK) / self._light)
        gone = look.strength < 0.3 * dimmed * self._strength
        agreement = float(np.median(_correlation(self._edges, look.edges)[textured]))
        return Likeness(
            agreement=agreement, vanished=float(gone[textured].mean()),
            sharpness=look.sharpness / self._sharpness if self._sharpness > 0.0 else 1.0,
            shift=self._shift(look) if agreement < ALIKE else None,
        )  # fmt: skip

    def _shift(self, look: Look) -> tuple[float, float] | None:
        assert self._edges is not None
        usual, now = (np.hypot(e[..., 0], e[..., 1]).astype(np.float32) for e in (self._edges, look.edges))
        height, width = usual.shape
        (dx, dy), response = cv2.phaseCorrelate(usual, now, cv2.createHanningWindow((width, height), cv2.CV_32F))
        return (dx / width, dy / height) if response > 0.1 else None


def _narrowed(luma: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    if luma.shape[1] <= width:
        return luma
    size = (width, max(8, round(luma.shape[0] * width / luma.shape[1])))
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _gradients(luma: NDArray[np.uint8]) -> tuple[Field, Field]:
    """Central differences over two pixels of a lightly smoothed picture, in grey levels."""
    smooth = cv2.GaussianBlur(luma, (3, 3), 0).astype(np.float32)
    gx, gy = np.zeros_like(smooth), np.zeros_like(smooth)
    gx[:, 1:-1] = smooth[:, 2:] - smooth[:, :-2]
    gy[1:-1] = smooth[2:] - smooth[:-2]
    return gx, gy


def _highest(values: Field) -> float:
    """The 98th percentile, without sorting what lies below it."""
    flat = values.ravel()
    at = int(_SHARPEST * (flat.size - 1))
    return float(np.partition(flat, at)[at])


def _bends(luma: NDArray[np.uint8]) -> Field:
    """Second differences of a picture smoothed by one pixel, so that noise does not pass for sharpness."""
    smooth = cv2.GaussianBlur(luma, (5, 5), 1.0)
    return np.asarray(cv2.Laplacian(smooth, cv2.CV_32F), np.float32)


def _per_block(values: Field) -> Field:
    """Upper edge strength of each block: its 90th percentile."""
    rows, columns = BLOCKS
    high, wide = values.shape[0] // rows, values.shape[1] // columns
    blocks = values[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    return np.percentile(blocks, 90, axis=(1, 3)).astype(np.float32)


def _correlation(one: Field, two: Field) -> Field:
    """Cosine between two edge fields in each block, float32 (6, 8)."""

    def total(values: Field) -> Field:
        rows, columns = BLOCKS
        high, wide = values.shape[0] // rows, values.shape[1] // columns
        kept = values[: rows * high, : columns * wide]
        return np.asarray(kept.reshape(rows, high, columns, wide).sum(axis=(1, 3)), np.float32)

    together = total((one * two).sum(axis=2))
    apart = np.sqrt(total((one * one).sum(axis=2)) * total((two * two).sum(axis=2)))
    return np.asarray(together / np.maximum(apart, 1e-6), np.float32)
