"""What a restarted worker needs to go on seeing who stands there: the empty scene, who was in it, how tall people are.

One compressed numpy archive, about 50-100 KB; the scene travels as JPEG, because an error of a level or two is far
below the tolerance that it is compared with.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.background import Background
from pipeline.detect.motion.memory import Blob
from pipeline.detect.motion.pixels import Image, rounded

VERSION = 1
SHRINK = 4  # the noise map is smooth enough for a quarter of the size


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`scene` is the background, `noise` its noise (quarter size), `support_s` how long it had been seen on average.

    `boxes` float32 (N, 4) and `scores` float32 (N,) are those who had walked in; `samples` (M, 2) feet and heights.
    """

    scene: Image
    noise: NDArray[np.float32]
    support_s: float
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    samples: NDArray[np.float64]


def pack(background: Background, blobs: Sequence[Blob], samples: NDArray[np.float64]) -> bytes:
    walked = [blob for blob in blobs if blob.walked]
    quality = [cv2.IMWRITE_JPEG_QUALITY, 96, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    bgr = cv2.cvtColor(rounded(background.mean), cv2.COLOR_YCrCb2BGR)
    _, scene = cv2.imencode(".jpg", bgr, quality)
    height, width = background.noise.shape
    noise = cv2.resize(background.noise, (width // SHRINK, height // SHRINK), interpolation=cv2.INTER_AREA)
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        version=np.asarray(VERSION),
        scene=np.asarray(scene),
        noise=np.asarray(noise).astype(np.float16),
        support_s=np.asarray(float(background.support.mean())),
        boxes=np.stack([blob.box for blob in walked]) if walked else np.zeros((0, 4), np.float32),
        scores=np.asarray([blob.score for blob in walked], np.float32),
        samples=samples.astype(np.float32),
    )
    return archive.getvalue()


def unpack(state: bytes) -> Checkpoint | None:
    """The checkpoint in those bytes, or None where they are not one of this version: then everything starts afresh."""
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as archive:
            if int(archive["version"]) != VERSION:
                return None
            bgr = cv2.imdecode(archive["scene"], cv2.IMREAD_COLOR)
            if bgr is None:
                return None
            return Checkpoint(
                scene=np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb), np.uint8),
                noise=archive["noise"].astype(np.float32),
                support_s=float(archive["support_s"]),
                boxes=archive["boxes"].astype(np.float32).reshape(-1, 4),
                scores=archive["scores"].astype(np.float32),
                samples=archive["samples"].astype(np.float64).reshape(-1, 2),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, cv2.error):
        return None
