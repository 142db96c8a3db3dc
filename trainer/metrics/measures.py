"""From two sets of features to the numbers of each family, in the order in which the family names them."""

from collections.abc import Callable
from typing import NamedTuple

from trainer.metrics.fid import frechet_distance
from trainer.metrics.generated import GeneratedFeatures, Keep
from trainer.metrics.inception_score import inception_score
from trainer.metrics.kid import kid
from trainer.metrics.precision_recall import precision_recall
from trainer.metrics.reference import RealFeatures

Numbers = tuple[float, ...]


class Measure(NamedTuple):
    """What has to be kept of the generated images, and the function of both sets and the evaluation seed."""

    keep: Keep
    numbers: Callable[[RealFeatures, GeneratedFeatures, int], Numbers]


def _fid(real: RealFeatures, generated: GeneratedFeatures, _: int) -> Numbers:
    return (frechet_distance(real.gaussian(), generated.gaussian()),)


def _kid(real: RealFeatures, generated: GeneratedFeatures, seed: int) -> Numbers:
    return (kid(real.features(), generated.features(), seed=seed),)


def _is(_: RealFeatures, generated: GeneratedFeatures, __: int) -> Numbers:
    return inception_score(generated.probabilities())


def _pr(real: RealFeatures, generated: GeneratedFeatures, _: int) -> Numbers:
    return precision_recall(real.features(), generated.features())


MEASURES: dict[str, Measure] = {
    "fid": Measure("gaussian", _fid),
    "kid": Measure("features", _kid),
    "is": Measure("probabilities", _is),
    "pr": Measure("features", _pr),
}
