"""What eight synthetic days teach of the usual ways: the model that a camera's learned rule starts from."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from rules.routes import RouteModel, RouteParams, Track

from .depot import CAMERAS
from .routine import day_of, midnight, write_day

DAYS = 8
"""One more than `min_days`; the last of them is the day that lies in `tracks/`."""


EVERY = 6
"""One in so many tracks is learned: enough for the yard, and a small file."""


def write_lessons(folder: Path, cameras: tuple[str, ...] = ("yard",)) -> dict[str, int]:
    """tracks/VIEW.jsonl.gz for every view, routes/CAMERA.model for `cameras`; tracks in each log."""
    counts = write_day(folder / "tracks")
    (folder / "routes").mkdir(exist_ok=True)
    for name in cameras:
        (folder / "routes" / f"{name}.model").write_bytes(lesson(name).to_bytes())
    return counts


def lesson(name: str, *, days: int = DAYS, limit: int | None = None) -> RouteModel:
    """A model that has learned `days` days of a camera, positions in picture heights as live rules see them."""
    camera = CAMERAS[name]
    aspect = camera.width / camera.height
    model = RouteModel(RouteParams())
    for back in reversed(range(days)):
        zero = midnight().timestamp() - back * 86400
        for walk in islice(islice(day_of(camera, 20261117 - back), 0, None, EVERY), limit):
            times = [zero + t for t in walk["t"]]
            model.learn_one(Track.of(times, [(x * aspect, y) for x, y in walk["xy"]]), utc=times[-1])
    model.calibrate()
    return model
