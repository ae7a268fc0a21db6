"""What `nightjar samples render` calls: draw a clip, write its truth, keep the manifest, check the frames."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path

from sample_videos.scenes import SCENES

from .depot import CAMERAS
from .film import Film
from .sheet import contact_sheet
from .truth import manifest_entry, write_truth
from .write import render_clip

__all__ = ["SCENES", "digest", "refresh", "render"]

Progress = Callable[[int, int], None]


def digest(name: str, progress: Progress) -> str:
    """The sha256 of a clip's frames before encoding."""
    scene, seen = SCENES[name], hashlib.sha256()
    for i, drawn in enumerate(Film(scene).frames()):
        seen.update(drawn.rgb.tobytes())
        progress(i + 1, scene.frames)
    return seen.hexdigest()


def render(name: str, target: Path, samples: Path, progress: Progress) -> str:
    """Draw a clip into `target` with its truth and its manifest entry; `samples` holds site file and public list."""
    frames_sha256 = render_clip(SCENES[name], target, progress)
    refresh(target, samples, {name: frames_sha256})
    return frames_sha256


def refresh(folder: Path, samples: Path, fresh: dict[str, str]) -> None:
    """Write the truth of every clip that lies in `folder`, and the manifest. `fresh`: frame digests just made."""
    path = folder / "manifest.toml"
    known = {e["name"]: e["frames_sha256"] for e in tomllib.loads(path.read_text())["clip"]} if path.exists() else {}
    known |= fresh
    parts = []
    for name, scene in SCENES.items():
        if name in known and (folder / f"{name}.mp4").exists():
            camera = CAMERAS[scene.camera]
            truth = write_truth(scene, camera, folder, samples)
            parts.append(manifest_entry(scene, camera, folder, known[name], len(truth["expected"])))
    shown = [name for name in SCENES if name in known and (folder / f"{name}.mp4").exists()]
    if shown:
        contact_sheet(folder, shown)
    head = "# Written by `nightjar samples render`; the public part comes from public.toml.\nschema = 1\n\n"
    path.write_text(head + "\n".join(parts) + "\n" + (samples / "public.toml").read_text())
