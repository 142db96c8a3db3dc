"""Compute the numbers of each metric family, by their suffixes in recorded names."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from trainer.evaluation.accumulators import GeneratedFeatures
from trainer.evaluation.batch_outputs import OutputKind
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.real_features import RealFeatures
from trainer.metrics import swd
from trainer.metrics.fid import frechet_distance
from trainer.metrics.inception_score import inception_score
from trainer.metrics.kid import kid
from trainer.metrics.ppl import path_length
from trainer.metrics.precision_recall import precision_recall

MetricValues = Mapping[str, float]


class Measure(NamedTuple):
    """The outputs of generated images that a family needs, and its function of both sets and the evaluation seed."""

    keep: OutputKind
    numbers: Callable[[RealFeatures, GeneratedFeatures, int], MetricValues]


def _fid(real: RealFeatures, generated: GeneratedFeatures, _: int) -> MetricValues:
    return {"": frechet_distance(real.gaussian(), generated.gaussian())}


def _kid(real: RealFeatures, generated: GeneratedFeatures, seed: int) -> MetricValues:
    return {"": kid(real.features(), generated.features(), seed=seed)}


def _is(_: RealFeatures, generated: GeneratedFeatures, __: int) -> MetricValues:
    return inception_score(generated.probabilities())._asdict()


def _pr(real: RealFeatures, generated: GeneratedFeatures, _: int) -> MetricValues:
    return precision_recall(real.features(), generated.manifold())._asdict()


def _ppl(_: RealFeatures, generated: GeneratedFeatures, __: int) -> MetricValues:
    return {"": path_length(generated.steps())}


def _swd(real: RealFeatures, generated: GeneratedFeatures, seed: int) -> MetricValues:
    count = min(real.count, generated.spec.generated)
    patches = {side: rows[: count * swd.PATCHES] for side, rows in real.patches().items()}
    levels = swd.swd(patches, generated.patches(count), seed)
    return {"": swd.average(levels), **{str(side): value for side, value in levels.items()}}


def _msssim(_: RealFeatures, generated: GeneratedFeatures, __: int) -> MetricValues:
    return {"": float(np.mean(generated.similarities()))}


MEASURES: dict[str, Measure] = {
    "fid": Measure("gaussian", _fid),
    "kid": Measure("features", _kid),
    "is": Measure("probabilities", _is),
    "pr": Measure("manifold", _pr),
    "ppl": Measure("steps", _ppl),
    "swd": Measure("patches", _swd),
    "msssim": Measure("similarities", _msssim),
}


def output_kind(family: str, feature_networks: FeatureNetworks) -> OutputKind:
    """Return the outputs of generated images that a family needs; most often the detector's serve all of them."""
    keep = MEASURES[family].keep
    return "features" if keep == "manifold" and not feature_networks.has_own_manifold else keep
