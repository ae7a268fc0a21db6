"""Events: what is found of what is due, how late, and how that fades with the frame rate and with dropped frames.

    python -m benchmarks.events [--full] [--plots] [--json]

The sample clips with their truth files, and of the assets the one-by-one clip (stays of 8 and 15 s at the table, by the
foot points in its annotations) and the car clip, in which nobody is. Each goes through the stages of `analyze` and the
scorer of `nightjar score events`. `--full` adds finer curves, and the model's on the sample clips (minutes).
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.machine import ASSETS, CLIP, MODEL, RESULTS, SAMPLES
from benchmarks.svg import write_plot
from pipeline.bootstrap import build_worker, open_site_detector
from pipeline.clock import SystemClock
from pipeline.detect import Detector
from pipeline.evaluate.event_files import read_truth
from pipeline.evaluate.event_score import Alarm, Clip, Due, Judged, Window, figures, judge
from pipeline.folders import DataFolder
from pipeline.rulebook import build_engine
from pipeline.site import Site, parse_site
from pipeline.types import Detections, Event, Frame, Tracks
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source
from pipeline.worker import Output, Worker

FPS = 5.0
ASSET_SITE = """
site: {{name: Benchmark, timezone: UTC}}
detector: {{model: {model}, score: 0.3}}
cameras:
  table:
    source: unused.mp4
    zones: {{table: {{polygon: [[0.47, 0.72], [0.7, 0.72], [0.7, 1.0], [0.47, 1.0]]}}}}
    rules:
      - {{id: stay-8, kind: loitering, zone: table, dwell_s: 8}}
      - {{id: stay-15, kind: loitering, zone: table, dwell_s: 15}}
  road:
    source: unused.mp4
    rules: [{{id: anyone, kind: after_hours, always: true, min_presence_s: 2}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A clip to watch: its file, the camera it stands for, its first frame's wall time, and what is due in it."""

    video: Path
    camera_id: str
    start_utc: float
    clip: Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A set of clips with a site that is watched with one detector."""

    name: str
    detector: str
    site: Site
    films: tuple[Film, ...]


class Collected:
    """The `Output` that keeps events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None:
        self.events += events

    def closed(self, events: Sequence[Event]) -> None:
        self.events += events


class Remembered:
    """A model's answers by clip and frame, so that a curve costs each frame's inference once. Models keep no state."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._known: dict[tuple[str, int], Detections] = {}
        self.film = ""
        self.name, self.kind, self.people, self.notes = detector.name, detector.kind, detector.people, detector.notes

    def detect(self, frame: Frame) -> Detections:
        key = (self.film, frame.seq)
        if key not in self._known:
            self._known[key] = self._detector.detect(frame)
        return self._known[key]

    def state(self) -> bytes | None:
        return None

    def restore(self, state: bytes) -> None:
        pass


class Losing:
    """A sampler that loses a share of its frames at random, or `gap_s` of every `every_s`."""

    def __init__(self, fps: float, *, share: float = 0.0, gap_s: float = 0.0, every_s: float = 1.0) -> None:
        self._sampler = Sampler(fps)
        self._share, self._gap_s, self._every_s = share, gap_s, every_s
        self._chance = random.Random(1)

    def take(self, pts: float) -> bool:
        if not self._sampler.take(pts):
            return False
        return self._chance.random() >= self._share and pts % self._every_s >= self._gap_s


def worker_of(site: Site, camera_id: str, *, detector: Detector, output: Output) -> Worker:
    """The stages of a camera without anything learned, as `analyze` has them in a fresh data folder."""
    engine = build_engine(site, camera_id, route_model=None)
    return build_worker(site, camera_id, detector=detector, engine=engine, output=output)


def watch(stage: Stage, film: Film, detector: Detector, sampler: Any) -> list[Event]:
    """All events of a clip, by the worker that cameras have."""
    collected = Collected()
    worker = worker_of(stage.site, film.camera_id, detector=detector, output=collected)
    worker.sampler = sampler
    with open_source(
        film.camera_id, str(film.video), clock=SystemClock(), start_utc=film.start_utc, ring_s=0.0
    ) as source:
        worker.run(source.frames())
    worker.finish(reason="the recording ended")
    return collected.events


def judged(stage: Stage, detector: Detector, data: DataFolder, **losses: float) -> list[Judged]:
    """Every clip of a stage, watched and judged. A detector that learns a scene starts anew for each clip."""
    found = []
    for film in stage.films:
        if isinstance(detector, Remembered):
            detector.film, own = film.clip.name, detector
        else:
            own = open_site_detector(stage.site, data)
        events = watch(stage, film, own, Losing(**{"fps": FPS, **losses}))
        found.append(judge(replace(film.clip, alarms=tuple(_alarms(events))), Window()))
    return found


def _alarms(events: Iterable[Event]) -> Iterator[Alarm]:
    for event in events:
        if event.state == "start":
            yield Alarm(
                camera_id=event.camera_id, kind=event.kind, rule_id=event.rule_id, zone_id=event.zone_id, utc=event.utc
            )


def stages() -> list[Stage]:
    """Sample clips with movement, and where the assets are with the model; the asset clips with the model."""
    samples = _sample_films()
    found = [Stage(name="sample clips", detector="motion", site=_sample_site("motion"), films=samples)]
    if MODEL.is_file():
        weights = json.dumps(str(MODEL))
        site = parse_site(ASSET_SITE.format(model=weights), "benchmark.yaml")
        found.append(Stage(name="sample clips", detector=MODEL.stem, site=_sample_site(weights), films=samples))
        if CLIP.is_file():
            found.append(Stage(name="one by one", detector=MODEL.stem, site=site, films=(_one_by_one(),)))
            moving = parse_site(ASSET_SITE.format(model="motion"), "benchmark.yaml")
            found.append(Stage(name="one by one", detector="motion", site=moving, films=(_one_by_one(),)))
        cars = ASSETS / "videos" / "car-detection.mp4"
        if cars.is_file():
            film = Film(video=cars, camera_id="road", start_utc=0.0, clip=_empty("cars", cars))
            found.append(Stage(name="cars, nobody there", detector=MODEL.stem, site=site, films=(film,)))
    return found


def _sample_site(model: str) -> Site:
    text = (SAMPLES / "site.yaml").read_text(encoding="utf-8").replace("model: auto", f"model: {model}")
    return parse_site(text, str(SAMPLES / "site.yaml"))


def _sample_films() -> tuple[Film, ...]:
    films = []
    for path in sorted(SAMPLES.glob("*.truth.json")):
        (footage,) = read_truth(path)
        video = SAMPLES / f"{footage.clip.name}.mp4"
        if video.is_file():
            films.append(Film(video=video, camera_id=footage.camera_id, start_utc=footage.start_utc, clip=footage.clip))
    return tuple(films)


def _one_by_one() -> Film:
    truth = json.loads((ASSETS / "videos" / "one-by-one.events.json").read_text())
    stays = [person["yolox_nano"]["foot_in_table_zone"] for person in truth["persons"]]
    due = tuple(
        Due(
            camera_id="table", kind="loitering", rule_id=f"stay-{dwell}", zone_id="table", onset_utc=since + dwell,
            end_utc=until,
        )
        for dwell in (8, 15)
        for since, until in stays
        if until - since >= dwell
    )  # fmt: skip
    clip = Clip(name="one by one", duration_s=truth["frames"] / truth["fps"], due=due, alarms=())
    return Film(video=CLIP, camera_id="table", start_utc=0.0, clip=clip)


def _empty(name: str, video: Path) -> Clip:
    with open_source("probe", str(video), clock=SystemClock(), start_utc=0.0, ring_s=0.0) as source:
        return Clip(name=name, duration_s=float(source.info.duration_s or 0.0), due=(), alarms=())


def changes(*, full: bool) -> dict[str, dict[str, float]]:
    """What is done to the stream, by its name in the results."""
    rates = (10.0, 3.0, 2.0, 1.0) if full else (2.0, 1.0)
    shares = (0.2, 0.5, 0.8) if full else (0.5,)
    found = {f"{rate:g} fps": {"fps": rate} for rate in rates}
    found |= {f"{share:.0%} lost": {"share": share} for share in shares}
    if full:
        found |= {"2 s of 10 lost": {"gap_s": 2.0, "every_s": 10.0}, "1 s of 5 lost": {"gap_s": 1.0, "every_s": 5.0}}
    return found


def measure(*, full: bool) -> dict[str, Any]:
    """Figures of every stage at 5 frames a second, and of each change where the curve is drawn."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).create()
        for stage in stages():
            detector = open_site_detector(stage.site, data)
            if detector.kind == "model":
                detector = Remembered(detector)
            rows.append(_row(stage, "5 fps", judged(stage, detector, data)))
            slow = isinstance(detector, Remembered) and stage.name == "sample clips" and not full
            if slow or not any(film.clip.due for film in stage.films):
                continue
            for name, change in changes(full=full).items():
                rows.append(_row(stage, name, judged(stage, detector, data, **change)))
    return {"window_s": [1.0, 10.0], "rows": rows}


def _row(stage: Stage, change: str, found: Sequence[Judged]) -> dict[str, Any]:
    print(f"{stage.name:20} {stage.detector:16} {change:16}", _brief(found), flush=True)
    kept = {key: _rounded(value) for key, value in figures(found).items()}
    return {"set": stage.name, "detector": stage.detector, "change": change, **kept}


def _brief(found: Sequence[Judged]) -> str:
    of = figures(found)
    delay = "-" if of["delay_median_s"] is None else f"{of['delay_median_s']:+.2f} s, p95 {of['delay_p95_s']:+.2f} s"
    return f"true {of['true']} of {of['due']}, false {of['false']}, late {of['late']}, repeats {of['repeats']}; {delay}"


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def plot(rows: Sequence[dict[str, Any]]) -> None:
    """Found and delay against the frame rate, one line for each set and detector."""
    for key, label, file in (
        ("recall", "share of due events found", "events_recall_by_rate.svg"),
        ("delay_median_s", "median delay, s", "events_delay_by_rate.svg"),
    ):
        lines: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            rate, _, unit = row["change"].partition(" ")
            if unit == "fps" and row[key] is not None:
                lines.setdefault(f"{row['set']}, {row['detector'].split('_')[0]}", []).append((float(rate), row[key]))
        drawn = {name: sorted(points) for name, points in lines.items() if len(points) > 1}
        if drawn:
            write_plot(
                RESULTS / file, drawn, title="Events at fewer frames a second", x="analysed frames a second", y=label
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--plots", action="store_true", help="draw the curves into benchmarks/results")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(full=args.full)
    if args.plots:
        plot(result["rows"])
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
