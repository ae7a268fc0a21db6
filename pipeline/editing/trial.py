"""The process that tries a source: `python -m pipeline.editing.trial < {"source": ..., "masks": [...]} > RESULT`."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import cv2

from pipeline.clock import SystemClock
from pipeline.editing.trials import Trial, failed
from pipeline.errors import SourceError
from pipeline.secrets import redact
from pipeline.video.masks import Polygon
from pipeline.video.source import open_source

WIDEST = 960


def look(source: str, masks: Sequence[Polygon] = ()) -> Trial:
    """In this process: the first picture, privacy masks on it, or why there is none."""
    try:
        with open_source("camera", source, clock=SystemClock(), masks=masks) as opened:
            frame = next(iter(opened.frames()), None)
            if frame is None:
                return failed("no_video", "it opened but gave no picture")
            scale = min(1.0, WIDEST / frame.width)
            small = frame.scaled(round(frame.width * scale / 2) * 2, round(frame.height * scale / 2) * 2)
            done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
            info = opened.info
            return Trial(
                works=True, width=info.width, height=info.height, fps=round(info.fps or 0.0, 2), codec=info.codec or "",
                picture=base64.b64encode(jpeg.tobytes()).decode() if done else "",
            )  # fmt: skip
    except SourceError as error:
        return failed(error.state, redact(str(error)))


def main() -> int:
    """A source on standard input, a `Trial` on standard output."""
    sys.stdout.write(json.dumps(asdict(look(**json.loads(sys.stdin.read())))))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
