"""How many images a metric needs to be defined, and how many to be meaningful."""

from typing import NamedTuple

from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import MetricSpec, detector_name

FEATURES = {"lite0": 1280, "inception": 2048}
"""Features per image of a detector; the covariance of fewer images is singular."""

SMALLEST = 16
"""The coarsest resolution of a pyramid of images."""


class Sides(NamedTuple):
    """How many images a metric compares: generated ones, and real ones (0 if it needs none)."""

    generated: int
    real: int

    @property
    def fewest(self) -> int:
        return min(self.generated, self.real) if self.real else self.generated

    def __str__(self) -> str:
        against = f" against {self.real:,} real" if self.real else ""
        return f"{self.generated:,} generated{against}"


def sides(spec: MetricSpec, images: int) -> Sides:
    """Return how many images are compared if the set compared with has `images`."""
    return Sides(spec.generated, spec.real(images) if FAMILIES[spec.family].reference else 0)


def pyramid(side: int, smallest: int = SMALLEST) -> list[int]:
    """Return the resolutions at which images of `side` pixels are compared, finest first."""
    found = [side]
    while found[-1] > smallest:
        found.append(found[-1] // 2)
    return found


def undefined(spec: MetricSpec, images: int) -> str:
    """Return why a metric is undefined on a data set of `images`, "" if it is defined."""
    constants, compared = dict(FAMILIES[spec.family].constants), sides(spec, images)
    if spec.family == "is" and compared.generated < constants["splits"]:
        return f"{compared}: too few for {constants['splits']:g} splits"
    if spec.family == "pr" and compared.fewest <= constants["neighbours"]:
        return f"{compared}: too few for {constants['neighbours']:g} neighbours"
    if spec.family in ("kid", "fid", "swd") and compared.fewest < 2:
        return f"{compared}: each side needs two images"
    return ""


def doubtful(spec: MetricSpec, images: int, detector: str) -> str:
    """Return why a metric is unreliable on a data set of `images`, "" if it is reliable."""
    compared, constants = sides(spec, images), dict(FAMILIES[spec.family].constants)
    features = FEATURES[detector_name(detector)]
    if spec.family == "fid" and compared.fewest < features:
        return f"{compared} are fewer than the {features:,} features of {detector_name(detector)}"
    if spec.family == "kid" and compared.fewest < constants["subset_size"]:
        return f"{compared} are fewer than a subset of {constants['subset_size']:,g}: all subsets are the same"
    if compared.real and not spec.full and not spec.test and compared.real < compared.generated:
        return f"{compared}: the sides differ in size"
    return ""
