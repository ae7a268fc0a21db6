"""Truth files beside each clip, and the manifest of all clips. Needs no renderer: only rows and the site file."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from .camera import Camera
from .oracle import LEARNED_TOLERANCE_S, TOLERANCE_S, Expected, expected_events, learned_events, stays, utc_of
from .scene import Fault, Scene

SYSTEM_TOLERANCE_S = 4.0
"""A camera's health looks once a second, waits 2 s before it calls an ailment over, and an encoder needs up to 3 s
until the copies of a frozen picture are exact."""


def load_site(folder: Path) -> dict[str, Any]:
    """The sample site file as plain data; times stay texts."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: str(node.value))
    return dict(yaml.load((folder / "site.yaml").read_text()))


def read_rows(path: Path) -> NDArray[np.float64]:
    """Ground-truth rows, float64 (R, 9); (0, 9) for an empty file."""
    text = path.read_text().strip()
    return np.array([[float(x) for x in line.split(",")] for line in text.splitlines()]).reshape(-1, 9)


def write_truth(scene: Scene, camera: Camera, folder: Path, samples: Path) -> dict[str, Any]:
    """CLIP.truth.json in `folder` from its CLIP.gt.txt, the scene, and the site file and day logs of `samples`."""
    site, rows = load_site(samples), read_rows(folder / f"{scene.clip}.gt.txt")
    people = stays(rows, fps=scene.fps, width=camera.width, height=camera.height)
    aspect = camera.width / camera.height
    events = expected_events(site, scene.camera_id, people, aspect=aspect)
    learned = learned_events(site, scene.camera_id, people, usual_points(samples, scene.camera), aspect=aspect)
    truth = {
        "clip": f"{scene.clip}.mp4", "title": scene.title, "site": "site.yaml", "camera_id": scene.camera_id,
        "view": scene.camera, "start": scene.start, "fps": scene.fps, "frames": scene.frames,
        "size": [camera.width, camera.height],
        "boxes": "full body (amodal), also behind things and past the picture's edge; visibility is the share of a"
                 " person's own pixels that can be seen",
        "foot": "site metres of the ground point below the hips, one pair a frame from first_frame (1-based) on",
        "expected": [_event(scene, event, TOLERANCE_S) for event in events],
        "expected_with_routes": [_event(scene, event, LEARNED_TOLERANCE_S) for event in learned],
        "expected_system": [_blindness(scene, fault) for fault in scene.faults],
        "people": [_walker(scene, k) for k in range(len(scene.people))],
        "calibration": camera.calibration(), "faults": [_fault(fault, camera) for fault in scene.faults],
    }  # fmt: skip
    text = json.dumps(truth, indent=1)
    (folder / f"{scene.clip}.truth.json").write_text(_flat(text) + "\n")
    return truth


def usual_points(folder: Path, view: str) -> NDArray[np.float64]:
    """Every point of a view's synthetic day, (N, 2) shares of the picture."""
    with gzip.open(folder / "tracks" / f"{view}.jsonl.gz", "rt") as lines:
        return np.array([point for line in lines for point in json.loads(line)["xy"]])


def _event(scene: Scene, event: Expected, tolerance_s: float) -> dict[str, Any]:
    return {
        "kind": event.kind, "rule_id": event.rule_id, "zone_id": event.zone_id,
        "state": "start", "person": event.person,
        "t_s": round(event.t_s, 3), "since_s": round(event.since_s, 3), "utc": utc_of(scene.start, event.t_s),
        "tolerance_s": tolerance_s,
    }  # fmt: skip


def _blindness(scene: Scene, fault: Fault) -> dict[str, Any]:
    """What the camera's health must say of a fault, with its usual limits: one alert, from when until when."""
    return {
        "kind": fault.kind, "since_s": fault.begin_s, "until_s": fault.end_s,
        "since_utc": utc_of(scene.start, fault.begin_s), "until_utc": utc_of(scene.start, fault.end_s),
        "tolerance_s": SYSTEM_TOLERANCE_S,
    }  # fmt: skip


def _fault(fault: Fault, camera: Camera) -> dict[str, Any]:
    """What was done to the camera, and while it is turned, its calibration: boxes are of the turned picture."""
    told: dict[str, Any] = {"kind": fault.kind, "begin_s": fault.begin_s, "end_s": fault.end_s}
    if fault.look_at is not None:
        told["calibration"] = replace(camera, look_at=fault.look_at).calibration()
    return told


def _walker(scene: Scene, k: int) -> dict[str, Any]:
    person = scene.people[k]
    known = [(i, s) for i in range(scene.frames) if (s := person.stance(i / scene.fps)) is not None]
    return {
        "id": k + 1, "name": person.name, "height_m": person.look.height_m,
        "first_frame": known[0][0] + 1 if known else None,
        "foot_m": [[round(float(v), 3) for v in s.xy] for _, s in known],
    }  # fmt: skip


def _flat(text: str) -> str:
    """Pairs and matrix rows on one line, so that the file can be read."""
    out, depth, buffer = [], 0, ""
    for line in text.splitlines():
        opens = line.strip() == "["
        if depth == 0 and not opens:
            out.append(line)
            continue
        depth += line.count("[") - line.count("]")
        buffer += line.strip() if buffer else line
        if depth == 0:
            out.append(buffer)
            buffer = ""
    return "\n".join(out)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest_entry(scene: Scene, camera: Camera, folder: Path, frames_sha256: str, events: int) -> str:
    """One `[[clip]]` of manifest.toml."""
    path = folder / f"{scene.clip}.mp4"
    return "\n".join((
        "[[clip]]", f'name = "{scene.clip}"', f'file = "{path.name}"', f'title = "{scene.title}"',
        f'sha256 = "{sha256_of(path)}"', f'frames_sha256 = "{frames_sha256}"', f"bytes = {path.stat().st_size}",
        f"size = [{camera.width}, {camera.height}]", f"fps = {scene.fps}", f"frames = {scene.frames}",
        f"b_frames = {str(bool(scene.b_frames)).lower()}", f'start = "{scene.start}"', f'camera = "{scene.camera_id}"',
        f'view = "{scene.camera}"', 'licence = "Apache-2.0"', f"expected_events = {events}", "",
    ))  # fmt: skip
