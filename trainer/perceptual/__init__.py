"""Perceptual distances of images, with a common interface."""

from trainer.perceptual.distance import PerceptualFeatures, distance
from trainer.perceptual.table import load_features

__all__ = ["PerceptualFeatures", "distance", "load_features"]
