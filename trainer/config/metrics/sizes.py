"""How many images a metric needs to be defined, and from how many on its number means something."""

from typing import NamedTuple

from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import MetricSpec, detector_name

FEATURES = {"lite0": 1280, "inception": 2048}
"""Numbers that a detector gives for an image; the covariance of fewer images is singular."""

SMALLEST = 16
"""The coarsest resolution of a pyramid of images."""


class Sides(NamedTuple):
    """How many images a metric compares: generated ones, and real ones (0 where it needs none)."""

    generated: int
    real: int

    @property
    def fewest(self) -> int:
        return min(self.generated, self.real) if self.real else self.generated

    def __str__(self) -> str:
        against = f" against {self.real:,} real" if self.real else ""
        return f"{self.generated:,} generated{against}"


def sides(spec: MetricSpec, images: int) -> Sides:
    """Return how many images are compared where the data set has so many `images`."""
    return Sides(spec.generated, spec.real(images) if FAMILIES[spec.family].reference else 0)


def pyramid(side: int, smallest: int = SMALLEST) -> list[int]:
    """Return the resolutions at which images of `side` pixels are compared, finest first."""
    found = [side]
    while found[-1] > smallest:
        found.append(found[-1] // 2)
    return found


def undefined(spec: MetricSpec, images: int) -> str:
    """Return why a metric has no value on a data set of so many images, or nothing."""
    constants, compared = dict(FAMILIES[spec.family].constants), sides(spec, images)
    if spec.family == "is" and compared.generated < constants["splits"]:
        return f"{constants['splits']:g} parts of {compared} image(s) cannot be made"
    if spec.family == "pr" and compared.fewest <= constants["neighbours"]:
        return f"{compared}: nobody has {constants['neighbours']:g} neighbours"
    if spec.family in ("kid", "fid", "swd") and compared.fewest < 2:
        return f"{compared}: two images a side are needed"
    return ""


def doubtful(spec: MetricSpec, images: int, detector: str) -> str:
    """Return why a metric means little on a data set of so many images, or nothing."""
    compared, constants = sides(spec, images), dict(FAMILIES[spec.family].constants)
    features = FEATURES[detector_name(detector)]
    if spec.family == "fid" and compared.fewest < features:
        return f"{compared} are fewer than the {features:,} features of {detector_name(detector)}"
    if spec.family == "kid" and compared.fewest < constants["subset_size"]:
        return f"{compared} are fewer than a subset of {constants['subset_size']:,g}: all subsets are the same"
    if compared.real and not spec.full and compared.real < compared.generated:
        return f"{compared}: the sides differ in size"
    return ""
