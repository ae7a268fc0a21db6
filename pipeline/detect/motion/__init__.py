"""The embedded detector, which needs no weights."""

from pipeline.detect.motion.detector import MotionDetector

__all__ = ["MotionDetector"]
