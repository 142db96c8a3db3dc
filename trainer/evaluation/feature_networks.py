"""The feature networks of metrics, loaded on first use."""

from functools import cached_property
from pathlib import Path

import torch

from trainer.config.metrics.families import DETECTOR, DISTANCE, FeatureSource
from trainer.config.metrics.names import network_of
from trainer.metrics.detectors import Detector, load_detector
from trainer.metrics.detectors.vgg16 import Vgg16
from trainer.perceptual import PerceptualFeatures, load_features


class FeatureNetworks:
    """The detector whose features are compared, and the perceptual distance of path lengths, on one device.

    Both may be given by name (`inception:/path/to/file.pt`) or as objects.
    """

    def __init__(
        self,
        detector: str | Detector = DETECTOR,
        distance: str | PerceptualFeatures = DISTANCE,
        device: torch.device | str = "cpu",
    ) -> None:
        self._detector, self._distance, self.device = detector, distance, device

    @cached_property
    def detector(self) -> Detector:
        """Return the detector. Raises DetectorError if it cannot be loaded."""
        given = self._detector
        return load_detector(given, self.device) if isinstance(given, str) else given

    @cached_property
    def distance(self) -> PerceptualFeatures:
        """Return the perceptual distance. Raises PerceptualError if it cannot be loaded."""
        given = self._distance
        return load_features(given, self.device) if isinstance(given, str) else given

    @cached_property
    def manifold(self) -> Detector:
        """Return the network of precision and recall. Raises DetectorError if it cannot be loaded."""
        kind, _, path = self._distance.partition(":") if isinstance(self._distance, str) else ("", "", "")
        return Vgg16(Path(path).expanduser(), self.device) if kind == "vgg16" else self.detector

    @property
    def has_own_manifold(self) -> bool:
        """Return whether precision and recall have another network than the other metrics."""
        return network_of("manifold", self.names[1]) == "distance"

    def of(self, source: FeatureSource) -> Detector:
        """Return the network whose features of whole images a metric compares."""
        return self.manifold if source == "manifold" else self.detector

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of detector and distance for recorded names, which omit any path."""
        detector = self._detector if isinstance(self._detector, str) else self._detector.name
        return detector, self._distance if isinstance(self._distance, str) else DISTANCE

    def identity(self, source: FeatureSource) -> str:
        """Return what determines the features: weights, resize and precision of the network, or `pixels`."""
        if source == "pixels":
            return source
        return self.distance.name if source == "distance" else self.of(source).identity
