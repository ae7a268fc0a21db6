"""What must be known about a file of weights before it may be used, and where that knowledge comes from."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.detect.classes import COCO
from pipeline.detect.families import FAMILIES
from pipeline.detect.families.base import Family, Size
from pipeline.detect.session import Signature
from pipeline.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Name, family, input size (width, height; the larger side bounds it where the file leaves it open) and labels."""

    name: str
    family: Family
    size: Size
    labels: tuple[str, ...]


def family_named(name: str) -> Family:
    """Raises ModelError where no family has that name."""
    if name not in FAMILIES:
        raise ModelError(f"detector.family: {name!r} is unknown; allowed: {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]


def card_from_metadata(name: str, signature: Signature) -> ModelCard | None:
    """What an export of the Ultralytics package says about itself, or None where the file says nothing.

    Raises:
        ModelError: the metadata is there but does not describe a detector that we can decode.
    """
    metadata = signature.metadata
    if not {"names", "imgsz", "task"} <= set(metadata):
        return None
    if metadata["task"] != "detect":
        raise ModelError(f"{name}: its metadata says task {metadata['task']!r}; only 'detect' finds boxes")
    names = _literal(name, metadata, "names")
    high, wide = _literal(name, metadata, "imgsz")
    labels = tuple(str(names[index]) for index in range(len(names)))
    family = family_named(_layout(name, signature, len(labels)))
    return ModelCard(name=name, family=family, size=(int(wide), int(high)), labels=labels)


def card_from_family(name: str, signature: Signature, family: str) -> ModelCard:
    """A card for weights that say nothing, on the word of the person who names the family: COCO labels, or person only.

    Raises:
        ModelError: the input size is left open, or the family is unknown.
    """
    chosen = family_named(family)
    shape = signature.inputs[0].shape
    if len(shape) != 4 or shape[2] is None or shape[3] is None:
        raise ModelError(f"{name}: the file leaves its input size open ({shape}) and has no metadata that gives it")
    last = signature.outputs[0].shape[-1] if signature.outputs else None
    person_only = chosen.name == "yolox" and last == 6
    return ModelCard(name=name, family=chosen, size=(shape[3], shape[2]), labels=("person",) if person_only else COCO)


def _layout(name: str, signature: Signature, labels: int) -> str:
    """Which of the package's output layouts a file has, from the shape it declares."""
    shape = signature.outputs[0].shape if len(signature.outputs) == 1 else ()
    if len(shape) == 3:
        _, middle, last = shape
        # By shape alone RT-DETR's rows pass for end-to-end ones, whose boxes are px and not shares of the input.
        head, told = signature.metadata.get("head"), signature.metadata.get("description", "").lower()
        if head == "RTDETRDecoder" or "rtdetr" in told:
            return "rtdetr" if last == 4 + labels and head is None else "rtdetr_best"
        if _end_to_end(signature.metadata) or (last == 6 and middle != 4 + labels):
            return "yolo_end_to_end"
        if middle == 4 + labels:
            return "yolo"
        if last == 4 + labels:
            return "rtdetr"
    declared = [tensor.shape for tensor in signature.outputs]
    raise ModelError(f"{name}: outputs {declared} fit no known layout for {labels} labels")


def _end_to_end(metadata: Mapping[str, str]) -> bool:
    return metadata.get("end2end") == "True" or "'nms': True" in metadata.get("args", "")


def _literal(name: str, metadata: Mapping[str, str], key: str) -> Any:
    try:
        return ast.literal_eval(metadata[key])
    except (ValueError, SyntaxError) as error:
        raise ModelError(f"{name}: metadata {key} cannot be read: {metadata[key]!r}") from error
