"""The table of model families. Adding one is a file here and a row."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.detect.families import fastestdet, nanodet, rtdetr, yolo, yolox
from pipeline.detect.families.base import Family

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        yolox.FAMILY,
        nanodet.FAMILY,
        fastestdet.FAMILY,
        rtdetr.ALL,
        rtdetr.BEST,
        yolo.RAW,
        yolo.END_TO_END,
    )
}
