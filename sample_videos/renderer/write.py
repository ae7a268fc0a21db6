"""Frames to H.264, and what was seen to MOTChallenge rows."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from .film import Film, Seen
from .scene import Scene


def render_clip(scene: Scene, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> str:
    """Draw a clip into `folder`: CLIP.mp4 and CLIP.gt.txt. Returns the sha256 of all frames before encoding.

    The same scene gives the same frames on the same machine; encoded bytes also depend on the x264 build.
    """
    film = Film(scene)
    digest, rows = hashlib.sha256(), io.StringIO()
    target = folder / f"{scene.clip}.mp4"
    partial = target.with_suffix(".mp4.part")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = _stream(container, scene, film)
        for i, drawn in enumerate(film.frames()):
            digest.update(drawn.rgb.tobytes())
            for seen in drawn.seen:
                rows.write(mot_row(i, seen, film.camera.width, film.camera.height))
            for packet in stream.encode(_picture(drawn.rgb, i)):
                container.mux(packet)
            progress(i + 1, scene.frames)
        for packet in stream.encode():
            container.mux(packet)
    partial.replace(target)
    (folder / f"{scene.clip}.gt.txt").write_text(rows.getvalue())
    return digest.hexdigest()


def _stream(container: av.container.OutputContainer, scene: Scene, film: Film) -> av.VideoStream:
    rate = Fraction(scene.fps).limit_denominator(1000)
    stream = container.add_stream("libx264", rate=rate)
    stream.width, stream.height, stream.pix_fmt = film.camera.width, film.camera.height, "yuv420p"
    stream.codec_context.thread_count = 1
    settings = ":".join(filter(None, ("scenecut=0", "aq-mode=3", scene.x264)))
    stream.options = {
        "crf": str(scene.crf), "preset": "slow", "bf": str(scene.b_frames),
        "g": str(round(scene.fps * scene.keyframe_s)), "profile": "high", "x264-params": settings,
    }  # fmt: skip
    return stream


def _picture(rgb: NDArray[np.uint8], i: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    frame.pts = i
    return frame


def mot_row(i: int, seen: Seen, width: int, height: int) -> str:
    """One row, 1-based: frame, id, left, top, width, height, 1, 1, visibility; empty outside the picture."""
    left, top, w, h = seen.tlwh
    if left >= width or top >= height or left + w <= 0 or top + h <= 0:
        return ""
    return f"{i + 1},{seen.person + 1},{left + 1:.2f},{top + 1:.2f},{w:.2f},{h:.2f},1,1,{seen.visibility:.3f}\n"
