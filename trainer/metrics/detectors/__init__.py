"""Feature networks with a common interface."""

from trainer.metrics.detectors.detector import Detector, DetectorError, Outputs
from trainer.metrics.detectors.table import load_detector

__all__ = ["Detector", "DetectorError", "Outputs", "load_detector"]
