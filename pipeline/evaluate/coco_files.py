"""COCO's JSON: an annotation file (`images`, `annotations`, `categories`) and a list of results, people only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import BadInput
from pipeline.evaluate.average_precision import Image

PERSON = "person"


def read_images(truth: Path, found: Path) -> Iterator[Image]:
    """Every image that the annotations list, also those without people; results for other images are left out.

    Raises:
        BadInput: a file is missing, is not COCO's JSON, or knows no category `person`.
    """
    annotations, results = _load(truth), _load(found)
    try:
        category = _person(truth, annotations)
        people = _by_image(annotations["annotations"], category)
        ids = [image["id"] for image in annotations["images"]]
    except (KeyError, TypeError) as error:
        raise BadInput(f"{truth}: not COCO's annotations: {error}; needed: images, annotations, categories") from None
    try:
        boxes = _by_image(results, category)
        for number in ids:
            yield _image(people.get(number, []), boxes.get(number, []))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{found} against {truth}: {error}; allowed: a list of image_id, category_id, bbox [x, y, w, h], score"
        ) from None


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"{path}: not JSON: {error}") from None


def _person(path: Path, annotations: Mapping[str, Any]) -> int:
    names = {category["name"]: int(category["id"]) for category in annotations["categories"]}
    if PERSON not in names:
        raise BadInput(f"{path}: no category {PERSON!r} among {', '.join(sorted(names)) or 'none'}")
    return names[PERSON]


def _by_image(rows: list[Mapping[str, Any]], category: int) -> dict[Any, list[Mapping[str, Any]]]:
    images: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["category_id"] == category:
            images[row["image_id"]].append(row)
    return images


def _image(people: list[Mapping[str, Any]], boxes: list[Mapping[str, Any]]) -> Image:
    crowd = np.array([bool(person.get("iscrowd", 0)) for person in people], np.bool_)
    ignored = crowd | np.array([bool(person.get("ignore", 0)) for person in people], np.bool_)
    return Image(
        truth=np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4), ignored=ignored, crowd=crowd,
        found=np.array([box["bbox"] for box in boxes], np.float64).reshape(-1, 4),
        score=np.array([box["score"] for box in boxes], np.float64),
    )  # fmt: skip
