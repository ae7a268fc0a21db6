"""Class names and numbers. Whatever order a model's labels have, Nightjar numbers classes as COCO does (person = 0)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COCO: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""The 80 names of COCO detection (Lin et al., ECCV 2014) in the order that public weights use."""

SYNONYMS = {"people": "person", "pedestrian": "person", "human": "person", "motorbike": "motorcycle"}


def class_ids(labels: Sequence[str]) -> NDArray[np.int32]:
    """int32 (len(labels),): the number Nightjar gives to each of a model's classes.

    A label that COCO has keeps COCO's number wherever the model puts it; others are numbered from 80 on, in order.
    """
    known = {name: number for number, name in enumerate(COCO)}
    numbers = []
    unknown = len(COCO)
    for label in labels:
        name = SYNONYMS.get(label.strip().lower(), label.strip().lower())
        if name in known:
            numbers.append(known[name])
        else:
            numbers.append(unknown)
            unknown += 1
    return np.asarray(numbers, np.int32)
