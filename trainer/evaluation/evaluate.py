"""All metrics of a snapshot from one pass of generation and of the feature network, on any number of ranks.

Path lengths need pairs of images a small step apart, so each kind of path takes another pass.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import MetricNameError, MetricSpec, metric_identity, parse_metric, recorded_name
from trainer.errors import UserError
from trainer.evaluation.accumulators import Accumulators
from trainer.evaluation.batch_outputs import BatchExtractor
from trainer.evaluation.families import MEASURES, MetricValues, output_kind
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.path_steps import step_distances
from trainer.evaluation.real_features import Mirrored, RealFeatures, ReferenceSet
from trainer.evaluation.samples import SEED, Share, Subject
from trainer.evaluation.shared_work import Progress, agreed, in_rounds
from trainer.recording.fence import FencedOut
from trainer.runtime.signals import Preempted
from trainer.runtime.world import World

ALONE = World()
NOT_OF_A_METRIC = (Preempted, FencedOut, UserError, OSError, MemoryError, torch.OutOfMemoryError)
"""Exceptions that say nothing about the metric that is being computed."""

OnFailure = Callable[[str, Exception], None]
"""Called with the name of a metric and the exception that it has raised."""

MeasuredMetric = tuple[MetricSpec, RealFeatures, MetricValues]
"""A metric, the real images it compares with, and its numbers."""


def _raise(_name: str, error: Exception) -> None:
    raise error


@dataclass(frozen=True)
class MetricValue:
    """One number of one metric. `seconds` is the duration of the whole evaluation; `time` is Unix time.

    Values are comparable if `metric` and `identity` are equal. Values with the same `basis` differ only in their
    evaluation seed: they are repeated measurements.
    """

    metric: str
    value: float
    identity: str
    basis: str
    num_real: int
    num_generated: int
    reference: str
    seed: int
    seconds: float
    time: float

    def row(self) -> dict[str, str | int | float]:
        """Return the row for metrics.jsonl."""
        return asdict(self)


def evaluate(
    subject: Subject,
    reference: ReferenceSet,
    names: Sequence[str],
    feature_networks: FeatureNetworks,
    cache_dir: Path,
    seed: int = SEED,
    mirror: bool = False,
    progress: Progress = lambda _: None,
    world: World = ALONE,
    test_images: ReferenceSet | None = None,
    on_failure: OnFailure = _raise,
) -> list[MetricValue]:
    """Return the numbers of all metrics `names`, in order; an empty list on ranks other than the first.

    The subject yields the same images for the same `seed`; metrics of fewer images use the first of them. `mirror`
    adds mirror images to the reference. Metrics such as fid10k_test compare with `test_images` instead. `progress` is
    called several times a second with the current activity; it may raise Preempted, which is then raised on all ranks.
    `on_failure` is called with each metric that raises.

    Raises MetricNameError for unknown names or missing test images, DetectorError or PerceptualError if a network
    cannot be loaded.
    """
    started = time.monotonic()
    specs = [parse_metric(name) for name in names]
    if not specs:
        return []
    references = {spec: _reference(spec, Mirrored(reference) if mirror else reference, test_images) for spec in specs}
    accumulators = accumulate(subject, specs, feature_networks, cache_dir, seed, progress, world)
    results: list[MeasuredMetric] = []

    def compare() -> None:
        for spec in specs if world.is_main else []:
            progress(spec.name)
            real = _real_features(spec, references[spec], feature_networks, cache_dir, progress)
            results.extend(_numbers(spec, real, accumulators, seed, on_failure))

    agreed(compare, world)
    seconds = time.monotonic() - started
    return [value for result in results for value in _values(*result, seed, mirror, seconds)]


def _numbers(
    spec: MetricSpec, real: RealFeatures, accumulators: Accumulators, seed: int, on_failure: OnFailure
) -> list[MeasuredMetric]:
    """Return the numbers of a metric; none if it has raised, after `on_failure`."""
    try:
        return [(spec, real, MEASURES[spec.family].numbers(real, accumulators.first(spec), seed))]
    except NOT_OF_A_METRIC:
        raise
    except Exception as error:
        on_failure(spec.name, error)
        return []


def _real_features(
    spec: MetricSpec, reference: ReferenceSet, networks: FeatureNetworks, cache_dir: Path, progress: Progress
) -> RealFeatures:
    count, source = spec.real(len(reference)), FAMILIES[spec.family].source
    return RealFeatures(reference, networks, count, cache_dir, progress, source)


def _reference(spec: MetricSpec, whole: ReferenceSet, test_images: ReferenceSet | None) -> ReferenceSet:
    if not spec.test:
        return whole
    if test_images is None:
        raise MetricNameError("metrics", f"{spec.name} compares with test images, and none are given")
    return test_images


def accumulate(
    subject: Subject,
    specs: Sequence[MetricSpec],
    feature_networks: FeatureNetworks,
    cache_dir: Path,
    seed: int,
    progress: Progress,
    world: World = ALONE,
) -> Accumulators:
    """Return what the metrics `specs` need of generated images and paths, as many as the largest metric uses."""
    wanted = [(output_kind(spec.family, feature_networks), spec.generated) for spec in specs]
    extractor = BatchExtractor.for_all(wanted, feature_networks, seed)
    accumulators = Accumulators(wanted, extractor, cache_dir)
    if extractor.total:
        own = map(extractor.outputs, subject.images(extractor.total, Share(world.rank, world.size)))
        for outputs in in_rounds(
            own, world, lambda: progress(f"generated images {accumulators.images} of {extractor.total}")
        ):
            accumulators.take(outputs)
        images = accumulators.images
        assert images == extractor.total, f"requested {extractor.total} generated images, got {images}"
    paths = {spec.path: max(s.generated for s in specs if s.path == spec.path) for spec in specs if spec.path}
    for path, count in paths.items():
        accumulators.steps[path] = step_distances(subject, path, count, feature_networks.distance, world, progress)
    return accumulators


def _values(
    spec: MetricSpec, real: RealFeatures, values: MetricValues, seed: int, mirror: bool, seconds: float
) -> list[MetricValue]:
    family = FAMILIES[spec.family]
    fingerprint = real.reference.fingerprint if family.reference else ""
    count = real.count if family.reference else 0
    mirrored = mirror and not spec.test
    source = real.feature_networks.identity(family.source)
    identity, basis = (metric_identity(spec, source, fingerprint, count, s, mirrored) for s in (seed, None))
    about = (identity, basis, count, spec.generated, fingerprint, seed, seconds, time.time())
    detector, distance = real.feature_networks.names
    numbers = {suffix: math.nan if math.isinf(value) else value for suffix, value in values.items()}
    return [
        MetricValue(recorded_name(spec, suffix, detector, distance), value, *about) for suffix, value in numbers.items()
    ]
