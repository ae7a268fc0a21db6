"""A pinhole camera on a mast, in site metres: x east, y north, z up. Its calibration is part of every clip's truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a camera stands, where it looks (a point, metres) and its picture; `hfov_deg` is the horizontal field."""

    camera_id: str
    eye: tuple[float, float, float]
    look_at: tuple[float, float, float]
    hfov_deg: float = 55.0
    width: int = 640
    height: int = 360

    @property
    def focal_px(self) -> float:
        return float(self.width / 2 / np.tan(np.radians(self.hfov_deg) / 2))

    def axes(self) -> NDArray[np.float64]:
        """Rows: right, down, forward; float64 (3, 3), orthonormal."""
        forward = np.subtract(self.look_at, self.eye)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return np.stack((right, np.cross(forward, right), forward))

    def project(self, points: NDArray[np.floating], *, scale: float = 1.0) -> NDArray[np.float64]:
        """Site metres (N, 3) to (N, 3): x px, y px (corner of the first pixel = 0, 0) and depth in metres."""
        local = (np.asarray(points, np.float64) - self.eye) @ self.axes().T
        depth = np.where(np.abs(local[:, 2]) < 1e-6, 1e-6, local[:, 2])
        f = self.focal_px
        return np.column_stack((
            (local[:, 0] / depth * f + self.width / 2) * scale,
            (local[:, 1] / depth * f + self.height / 2) * scale,
            local[:, 2],
        ))  # fmt: skip

    def positions(self, depth: NDArray[np.floating], *, scale: float = 1.0) -> NDArray[np.float64]:
        """Site metres (H, W, 3) of the pixels of a depth picture drawn at `scale`."""
        rows, cols = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]] + 0.5
        f = self.focal_px
        local = np.stack(
            ((cols / scale - self.width / 2) / f, (rows / scale - self.height / 2) / f, np.ones_like(cols)), -1
        )
        return (local * depth[..., None]) @ self.axes() + self.eye

    def ground(self, xy: NDArray[np.floating]) -> NDArray[np.float64]:
        """Normalised picture points (N, 2) to the ground plane z = 0, metres (N, 2)."""
        rays = np.column_stack((
            (xy[:, 0] - 0.5) * self.width / self.focal_px,
            (xy[:, 1] - 0.5) * self.height / self.focal_px,
            np.ones(len(xy)),
        )) @ self.axes()  # fmt: skip
        return np.asarray(self.eye[:2] + rays[:, :2] * (-self.eye[2] / rays[:, 2])[:, None])

    def calibration(self) -> dict[str, object]:
        """What a truth file says of the camera: P = K [R | t] maps site metres to pixels."""
        k = np.array([[self.focal_px, 0, self.width / 2], [0, self.focal_px, self.height / 2], [0, 0, 1]])
        rotation = self.axes()
        return {
            "eye_m": list(self.eye), "look_at_m": list(self.look_at), "hfov_deg": self.hfov_deg,
            "width": self.width, "height": self.height, "K": k.round(6).tolist(), "R": rotation.round(9).tolist(),
            "t_m": (-rotation @ np.array(self.eye)).round(9).tolist(),
        }  # fmt: skip
