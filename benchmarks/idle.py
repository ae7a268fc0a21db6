"""An idle 1080p camera at 25 frames a second, watched at 5: CPU against decoding it single-threaded.

    python -m benchmarks.idle [--seconds 20] [--rounds 5] [--json]

The footage is made here: one still picture with a sensor's noise, 2 Mbit/s H.264, no B-frames, as many cameras encode.
`decode` is PyAV on one thread and nothing else; `source` hands out frames that nobody looks at; `motion` is the worker
with the embedded detector, a zone and two rules; the model's row shows what a detector costs that looks at every
analysed frame. In turns, CPU of this process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.events import Collected, worker_of
from benchmarks.machine import MODEL, SAMPLES, spread
from pipeline.bootstrap import open_site_detector
from pipeline.clock import FakeClock
from pipeline.folders import DataFolder
from pipeline.site import Site, parse_site
from pipeline.video.source import open_source

SIZE, FPS, ANALYZE_FPS = (1920, 1080), 25, 5
NOISE = 1.5
"""Standard deviation of the noise, levels of 255: a daylight camera's, after its own noise reduction."""
SITE = """
site: {{name: Idle, timezone: UTC}}
detector: {{model: {model}}}
cameras:
  c:
    source: unused.mp4
    analyze_fps: 5
    zones: {{bay: {{polygon: [[0.2, 0.3], [0.8, 0.3], [0.8, 0.9], [0.2, 0.9]]}}}}
    rules:
      - {{id: stay, kind: loitering, zone: bay, dwell_s: 60}}
      - {{id: night, kind: after_hours, zone: bay, always: true}}
"""


def still() -> NDArray[np.uint8]:
    """A picture of an empty yard at the camera's size, BGR uint8 (1080, 1920, 3)."""
    with av.open(str(SAMPLES / "dock_night.mp4")) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="bgr24")
    return np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def make_footage(path: Path, *, seconds: float) -> None:
    """Write the idle camera's footage."""
    picture, chance = still().astype(np.float32), np.random.default_rng(1)
    noise = chance.normal(0.0, NOISE, (8, *picture.shape[:2], 1)).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "g": "50", "bf": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
        for n in range(int(seconds * FPS)):
            shift = int(chance.integers(0, 64))
            noisy = picture + np.roll(noise[n % 8], shift, axis=1)
            frame = av.VideoFrame.from_ndarray(np.clip(noisy, 0, 255).astype(np.uint8), format="bgr24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def decode(path: Path) -> int:
    """Decode all frames on one thread and do nothing with them."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        return sum(1 for _ in file.decode(stream))


def source(path: Path) -> int:
    """Frames as a worker gets them, with the ring of packets that clips are cut from, and nobody looking."""
    with open_source("c", str(path), clock=FakeClock(), start_utc=0.0) as frames:
        return sum(1 for _ in frames.frames())


def watching(site: Site, data: DataFolder) -> Callable[[Path], int]:
    """The worker over the file, its detector opened beforehand as a camera's process does once."""
    detector = open_site_detector(site, data)

    def watch(path: Path) -> int:
        worker = worker_of(site, "c", detector=detector, output=Collected())
        with open_source("c", str(path), clock=FakeClock(), start_utc=0.0) as frames:
            worker.run(frames.frames())
        return worker.frames_in

    return watch


def measure(*, seconds: float, rounds: int) -> dict[str, Any]:
    """CPU ms per second of video of each variant, and its ratio to decoding in the same round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, path = DataFolder(folder / "data").create(), folder / "idle.mp4"
        make_footage(path, seconds=seconds)
        variants: dict[str, Callable[[Path], int]] = {
            "decode": decode,
            "source": source,
            "motion": watching(_site("motion"), data),
        }
        if MODEL.is_file():
            variants[MODEL.stem] = watching(_site(json.dumps(str(MODEL))), data)
        spent: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(rounds):
            for variant, run in variants.items():
                began = time.process_time()
                frames = run(path)
                spent[variant].append((time.process_time() - began) * 1000 / (frames / FPS))
        megabits = path.stat().st_size * 8 / 1e6 / seconds
    return {
        "video": f"1920x1080, {FPS} fps, {megabits:.1f} Mbit/s, synthetic", "analyze_fps": ANALYZE_FPS,
        "cpu_ms_per_video_s": {variant: spread(times, digits=1) for variant, times in spent.items()},
        "over_decode": {
            variant: spread([ours / bare for ours, bare in zip(times, spent["decode"], strict=True)])
            for variant, times in spent.items()
            if variant != "decode"
        },
    }  # fmt: skip


def _site(model: str) -> Site:
    return parse_site(SITE.format(model=model), "idle.yaml")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(seconds=args.seconds, rounds=args.rounds)
    for variant, times in result["cpu_ms_per_video_s"].items():
        ratio = result["over_decode"].get(variant)
        beside = (
            "" if ratio is None else f"  {ratio['median']:.2f} x decoding ({ratio['range'][0]} to {ratio['range'][1]})"
        )
        print(f"{variant:20} {times['median']:7.1f} ms a second of video{beside}")
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
