"""From what the site file asks for to a detector that runs. Nothing is ever downloaded here."""

from __future__ import annotations

from pathlib import Path

from pipeline.detect.base import Detector, DetectorSpec
from pipeline.detect.card import ModelCard, card_from_family, card_from_metadata
from pipeline.detect.catalog import Catalog, Entry, load_catalog, sha256_of
from pipeline.detect.model import ModelDetector
from pipeline.detect.motion import MotionDetector
from pipeline.detect.regions import RegionDetector
from pipeline.detect.session import Runner, Session
from pipeline.detect.ultralytics import SUFFIX, TorchSession
from pipeline.errors import ModelError


def open_detector(spec: DetectorSpec, *, models_folder: Path | None = None, catalog: Catalog | None = None) -> Detector:
    """The detector that a spec means; `models_folder` is `models/` of the data folder, where pulled weights lie.

    Raises:
        ModelError: the model is unknown, absent, damaged, or does not fit its description.
        BadInput: a provider is unknown.
    """
    known = catalog or load_catalog(models_folder)
    if spec.model == "motion":
        return MotionDetector(score=spec.score)
    if spec.model == "auto":
        best = known.best_in(models_folder) if models_folder is not None else None
        return (
            MotionDetector(score=spec.score)
            if best is None or models_folder is None
            else _catalogued(spec, best, models_folder)
        )
    if spec.model in known:
        return _catalogued(spec, known[spec.model], models_folder)
    path = Path(spec.model)
    if path.is_file():
        return _from_path(spec, path, known)
    raise ModelError(
        f"detector.model: {spec.model!r} is neither auto, motion, a file, nor catalogued "
        f"({', '.join(entry.name for entry in known.entries)})"
    )


def recognise(path: Path, session: Runner, *, catalog: Catalog, family: str | None) -> ModelCard:
    """What a file is: by its sha256 in the catalogue, then by its own metadata, then by the family that is named.

    Raises:
        ModelError: none of the three says, or what is said does not fit.
    """
    entry = catalog.with_sha256(sha256_of(path))
    if entry is not None:
        return entry.card()
    card = card_from_metadata(path.stem, session.signature)
    if card is not None:
        if family is not None and family != card.family.name:
            raise ModelError(f"{path}: its metadata says family {card.family.name}, detector.family says {family}")
        return card
    if family is not None:
        return card_from_family(path.stem, session.signature, family)
    raise ModelError(
        f"{path}: neither its sha256 is catalogued nor has it metadata; name its layout with detector.family, "
        "or catalogue it with `nightjar models add`"
    )


def _catalogued(spec: DetectorSpec, entry: Entry, models_folder: Path | None) -> Detector:
    path = None if models_folder is None else models_folder / entry.file
    if path is None or not path.is_file():
        raise ModelError(f"model {entry.name} is not here; get it with `nightjar models pull {entry.name}`")
    if entry.sha256 is not None and sha256_of(path) != entry.sha256:
        raise ModelError(
            f"{path}: damaged (its sha256 is not the catalogue's); `nightjar models pull {entry.name}` again"
        )
    session = Session(path, threads=spec.threads, providers=spec.providers)
    return _looking(spec, _fitted(spec, session, entry.card()))


def _from_path(spec: DetectorSpec, path: Path, catalog: Catalog) -> Detector:
    opened = TorchSession if path.suffix == SUFFIX else Session
    session: Runner = opened(path, threads=spec.threads, providers=spec.providers)
    card = recognise(path, session, catalog=catalog, family=spec.family)
    return _looking(spec, _fitted(spec, session, card))


def _fitted(spec: DetectorSpec, session: Runner, card: ModelCard) -> ModelDetector:
    """A model on inputs of the picture's proportions where its weights bear that, else on the size that the file fixes.

    Only on the CPU: the others compile for one size.
    """
    fixed = ModelDetector(session, card, score=spec.score, classes=spec.classes)
    if not (card.family.any_size and isinstance(session, Session) and session.active == ("cpu",)):
        return fixed
    try:
        return ModelDetector(session.with_any_size(), card, score=spec.score, classes=spec.classes)
    except ModelError:
        return fixed


def _looking(spec: DetectorSpec, detector: ModelDetector) -> Detector:
    """The detector itself, or one that shows it the regions that are worth it."""
    return RegionDetector(detector) if spec.regions else detector
