"""Where camera workers run: the port that `LocalHost` implements, and what the API may ask of it."""

from __future__ import annotations

from typing import Protocol

from pipeline.types import CameraStatus, Sight


class WorkerHost(Protocol):
    """Keeps exactly one worker per camera running, wherever that is, and speaks for all of them."""

    def start(self) -> None:
        """Start every camera's worker."""

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """Ask every worker to finish what it holds, then end them; nothing undelivered is lost."""

    def status(self) -> list[CameraStatus]:
        """One status per camera, in the site file's order."""

    def picture(self, camera_id: str) -> bytes | None:
        """The latest analysed picture as JPEG with privacy masks applied, or None when there is none."""

    def restart(self, camera_id: str) -> None:
        """End and start one camera's worker."""

    def accept_view(self, camera_id: str) -> bool:
        """Have a moved camera's present view count as the right one; False where its worker does not run."""

    def sights(self, camera_id: str) -> list[Sight]:
        """Who stood where on the last analysed frames, oldest first; being asked for, more of them are told."""
