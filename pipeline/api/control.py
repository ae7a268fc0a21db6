"""The port through which the API asks of the engine; `pipeline/engine/` implements it."""

from __future__ import annotations

from typing import Protocol

from pipeline.types import CameraStatus, Sight


class Control(Protocol):
    """Calls may block for a moment, so they are made from worker threads. Unknown cameras raise KeyError or give
    None."""

    def status(self) -> list[CameraStatus]:
        """One status per camera, in the site file's order."""

    def picture(self, camera_id: str) -> bytes | None:
        """The latest analysed picture as JPEG with privacy masks applied, or None when there is none."""

    def restart(self, camera_id: str) -> None:
        """End and start one camera's worker."""

    def accept_view(self, camera_id: str) -> bool:
        """Have a moved camera's present view count as the right one; False where nobody runs that could."""

    def sights(self, camera_id: str) -> list[Sight]:
        """Who stood where on the last analysed frames, oldest first; while this is asked for, more are told."""

    def numbers(self, camera_id: str) -> dict[str, float]:
        """Plain numbers beside the status; `outbox_depth` and `outbox_lag_s` where the worker says them."""


class NoControl:
    """Nothing runs: the store alone is shown."""

    def status(self) -> list[CameraStatus]:
        return []

    def picture(self, camera_id: str) -> bytes | None:
        return None

    def restart(self, camera_id: str) -> None:
        raise KeyError(camera_id)

    def accept_view(self, camera_id: str) -> bool:
        raise KeyError(camera_id)

    def sights(self, camera_id: str) -> list[Sight]:
        return []

    def numbers(self, camera_id: str) -> dict[str, float]:
        return {}
