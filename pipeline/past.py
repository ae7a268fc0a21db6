"""What was followed, for drawing over a clip: the API's process reads the track logs that cameras write.

Apart from `bootstrap.py`, which would bring the detectors' libraries along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.folders import DataFolder
from pipeline.track.log import TrackLog
from pipeline.types import Tracks


def track_reader(data: DataFolder) -> Callable[[str, float, float], Iterator[Tracks]]:
    """A camera's analysed frames from one time to another, as its track log has them."""

    def read(camera_id: str, since_utc: float, until_utc: float) -> Iterator[Tracks]:
        return TrackLog(data.tracks(), camera_id).read(since_utc, until_utc)

    return read
