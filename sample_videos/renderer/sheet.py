"""The contact sheet of all clips: one telling moment of each, small enough for a README."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

TILE = (320, 180)
COLUMNS = 3


def contact_sheet(folder: Path, clips: list[str]) -> Path:
    """Draw contact_sheet.jpg from the clips that lie in `folder`."""
    tiles = [_tile(folder, clip) for clip in clips]
    while len(tiles) % COLUMNS:
        tiles.append(np.full_like(tiles[0], 24))
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    path = folder / "contact_sheet.jpg"
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return path


def _tile(folder: Path, clip: str) -> NDArray[np.uint8]:
    truth = json.loads((folder / f"{clip}.truth.json").read_text())
    picture = _frame(folder / f"{clip}.mp4", _moment(folder, clip, truth))
    tile = cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA)
    tile[-20:] = (tile[-20:] * 0.35).astype(np.uint8)
    cv2.putText(tile, clip, (6, TILE[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (240, 240, 240), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def _moment(folder: Path, clip: str, truth: dict[str, object]) -> int:
    """The frame of the first event, else the one in which most of people is seen."""
    expected = truth["expected"]
    assert isinstance(expected, list)
    if expected:
        return int(expected[0]["t_s"] * float(str(truth["fps"])))
    rows = np.loadtxt(folder / f"{clip}.gt.txt", delimiter=",", ndmin=2)
    share = np.bincount(rows[:, 0].astype(int), np.minimum(rows[:, 4] * rows[:, 5], 12_000) * rows[:, 8])
    return int(share.argmax()) - 1


def _frame(path: Path, index: int) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            if i == index:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise ValueError(f"{path.name} has no frame {index}")
