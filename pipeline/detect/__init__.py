"""Detection: a frame in, boxes out. `open_detector` picks; `Detector` is what every one of them is."""

from pipeline.detect.base import Detector, DetectorSpec
from pipeline.detect.open import open_detector

__all__ = ["Detector", "DetectorSpec", "open_detector"]
