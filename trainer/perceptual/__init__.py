"""Distances of images as people see them, behind one Protocol."""

from trainer.perceptual.distance import PerceptualFeatures, distance
from trainer.perceptual.table import load_features

__all__ = ["PerceptualFeatures", "distance", "load_features"]
