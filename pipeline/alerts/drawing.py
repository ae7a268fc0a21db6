"""The picture of an alert: the scene as it was, with as little drawn on it as explains the alert.

Drawn on the scene: the zone's outline, the path of the feet, corners around the person, a dot at the foot. Words go
on a strip below, so that they never cover what happened.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.floating[Any]] | Sequence[Sequence[float]]

ZONE = (214, 178, 92)  # BGR: a calm blue for what an installer drew,
TRACK = (60, 170, 255)  # amber for what moved,
OTHERS = (190, 190, 190)  # grey for people who are not the reason,
DARK = (28, 24, 22)
WORDS = (240, 240, 240)
QUIET = (175, 170, 165)
JPEG_QUALITY = 88
_NO_POINTS: tuple[tuple[float, float], ...] = ()


def draw_snapshot(
    bgr: Image,
    *,
    boxes: Points = _NO_POINTS,
    paths: Sequence[Points] = (),
    others: Points = _NO_POINTS,
    zone: Points = _NO_POINTS,
    line: Points = _NO_POINTS,
    masks: Sequence[Points] = (),
    caption: Sequence[str] = (),
) -> Image:
    """A copy of `bgr` (H, W, 3) with the alert drawn on it and a strip of text below: (H + strip, W, 3).

    All geometry is normalised: `boxes` and `others` (N, 4) xyxy, `paths` (K, 2) foot points from first to last,
    `zone` a polygon, `line` a polyline drawn with its direction. The first line of `caption` is the reason, larger
    than those that follow; without a caption there is no strip.
    """
    canvas = np.ascontiguousarray(bgr).copy()
    height, width = canvas.shape[:2]
    thick = max(2, round(height / 400))
    for mask in masks:
        cv2.fillPoly(canvas, [_pixels(mask, width, height)], (0, 0, 0))
    if len(zone):
        _draw_zone(canvas, _pixels(zone, width, height), thick)
    if len(line):
        _draw_line(canvas, _pixels(line, width, height), thick)
    for box in np.asarray(others, np.float64).reshape(-1, 4):
        _draw_corners(canvas, box, OTHERS, thick)
    for path in paths:
        _draw_path(canvas, _pixels(path, width, height), thick)
    for box in np.asarray(boxes, np.float64).reshape(-1, 4):
        _draw_corners(canvas, box, TRACK, thick)
        _draw_foot(canvas, box, thick)
    return _with_caption(canvas, [text for text in caption if text])


def encode_jpeg(bgr: Image, *, quality: int = JPEG_QUALITY) -> bytes:
    """A picture as JPEG."""
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture cannot be encoded")
    return bytes(data)


def _pixels(points: Points, width: int, height: int) -> NDArray[np.int32]:
    scaled = np.asarray(points, np.float64).reshape(-1, 2) * (width, height)
    return np.round(np.clip(scaled, -width, 2 * width)).astype(np.int32)


def _draw_zone(canvas: Image, polygon: NDArray[np.int32], thick: int) -> None:
    tinted = canvas.copy()
    cv2.fillPoly(tinted, [polygon], ZONE)
    cv2.addWeighted(tinted, 0.10, canvas, 0.90, 0.0, dst=canvas)
    _outlined(canvas, polygon, ZONE, thick, closed=True)


def _draw_line(canvas: Image, points: NDArray[np.int32], thick: int) -> None:
    _outlined(canvas, points, ZONE, thick, closed=False)
    start, end = points[-2], points[-1]
    tip = min(0.5, 8.0 * thick / max(1.0, float(np.hypot(*(end - start)))))
    cv2.arrowedLine(canvas, tuple(start), tuple(end), ZONE, thick, cv2.LINE_AA, tipLength=tip)


def _draw_path(canvas: Image, points: NDArray[np.int32], thick: int) -> None:
    if len(points) < 2:
        return
    _outlined(canvas, points, TRACK, thick, closed=False)
    cv2.circle(canvas, tuple(points[0]), 2 * thick + 2, DARK, -1, cv2.LINE_AA)
    cv2.circle(canvas, tuple(points[0]), 2 * thick + 1, TRACK, thick, cv2.LINE_AA)


def _outlined(
    canvas: Image, points: NDArray[np.int32], colour: tuple[int, int, int], thick: int, *, closed: bool
) -> None:
    """A coloured line on a dark one, so that it is seen on any ground."""
    cv2.polylines(canvas, [points], closed, DARK, thick + 2, cv2.LINE_AA)
    cv2.polylines(canvas, [points], closed, colour, thick, cv2.LINE_AA)


def _draw_corners(canvas: Image, box: NDArray[np.float64], colour: tuple[int, int, int], thick: int) -> None:
    """The corners of a box rather than the box: less ink over the person."""
    height, width = canvas.shape[:2]
    (left, top), (right, bottom) = _pixels(box, width, height)
    reach = max(4, round(0.22 * min(right - left, bottom - top)))
    for x, to_x in ((left, reach), (right, -reach)):
        for y, to_y in ((top, reach), (bottom, -reach)):
            corner = np.array([[x + to_x, y], [x, y], [x, y + to_y]], np.int32)
            _outlined(canvas, corner, colour, thick, closed=False)


def _draw_foot(canvas: Image, box: NDArray[np.float64], thick: int) -> None:
    height, width = canvas.shape[:2]
    foot = (round((box[0] + box[2]) / 2 * width), round(box[3] * height))
    cv2.circle(canvas, foot, 3 * thick + 1, DARK, -1, cv2.LINE_AA)
    cv2.circle(canvas, foot, 3 * thick, TRACK, -1, cv2.LINE_AA)


def _with_caption(canvas: Image, texts: Sequence[str]) -> Image:
    if not texts:
        return canvas
    width = canvas.shape[1]
    size = max(13, round(canvas.shape[0] / 30))
    rows = _rows(texts, size=size, width=width - 2 * size)
    tops = np.cumsum([0] + [round(1.6 * row_size) for _, row_size, _ in rows])
    strip = np.full((int(tops[-1]) + size, width, 3), DARK, np.uint8)
    for (text, row_size, colour), top in zip(rows, tops[:-1], strict=True):
        _write(strip, text, at=(size, int(top) + round(0.5 * size) + row_size), size=row_size, colour=colour)
    return np.vstack([canvas, strip])


def _rows(texts: Sequence[str], *, size: int, width: int) -> list[tuple[str, int, tuple[int, int, int]]]:
    """Lines broken at blanks so that they fit, the reason first and larger."""
    rows = []
    for number, text in enumerate(texts):
        row_size, colour = (size, WORDS) if number == 0 else (max(12, round(0.8 * size)), QUIET)
        row = ""
        for word in text.split():
            longer = f"{row} {word}".strip()
            if row and _text_width(longer, row_size) > width:
                rows.append((row, row_size, colour))
                longer = word
            row = longer
        rows.append((row, row_size, colour))
    return rows


def _text_width(text: str, size: int) -> int:
    if hasattr(cv2, "FontFace"):
        return int(cv2.getTextSize((10_000, 100), text, (0, 0), cv2.FontFace("sans"), size)[2])
    return int(cv2.getTextSize(_plain(text), cv2.FONT_HERSHEY_SIMPLEX, size / 30, 1)[0][0])


def _write(image: Image, text: str, *, at: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    if hasattr(cv2, "FontFace"):
        cv2.putText(image, text, at, colour, cv2.FontFace("sans"), size)
    else:  # OpenCV 4 has stroke fonts only, without accents
        cv2.putText(image, _plain(text), at, cv2.FONT_HERSHEY_SIMPLEX, size / 30, colour, 1, cv2.LINE_AA)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
