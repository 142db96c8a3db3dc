"""The table of detectors, by the name before a path: `lite0`, `inception:/path/to/file.pt`."""

from collections.abc import Callable
from pathlib import Path

import torch

from trainer.config.metrics.names import detector_name
from trainer.metrics.detectors.detector import Detector, DetectorError
from trainer.metrics.detectors.inception import WAY_OUT, Inception
from trainer.metrics.detectors.lite0 import Lite0

Device = torch.device | str


def _lite0(path: str, device: Device) -> Detector:
    if path:
        raise DetectorError("detector lite0", f"takes no file, but got {path!r}", "write only lite0")
    return Lite0(device)


def _inception(path: str, device: Device) -> Detector:
    if not path:
        raise DetectorError("detector inception", "needs the official file", WAY_OUT)
    return Inception(Path(path), device)


TABLE: dict[str, Callable[[str, Device], Detector]] = {
    "lite0": _lite0,
    "inception": _inception,
}


def load_detector(detector: str, device: Device = "cpu") -> Detector:
    """Return the detector called `detector`, loaded on `device`.

    Raises MetricNameError for an unknown name, DetectorError for a missing or wrong file.
    """
    path = detector.partition(":")[2]
    return TABLE[detector_name(detector)](path, device)
