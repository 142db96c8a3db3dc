"""All metrics of one snapshot from one pass of generation and one pass of the feature network."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer.config.metrics import FAMILIES, MetricSpec, metric_identity, parse_metric, value_names
from trainer.metrics.detectors import Detector, load_detector
from trainer.metrics.generated import Batches, Gathering
from trainer.metrics.measures import MEASURES
from trainer.metrics.reference import Mirrored, Progress, RealFeatures, Reference


@dataclass(frozen=True)
class MetricValue:
    """One number of one metric. `seconds` is the time of the whole evaluation it came from; `time` is Unix time.

    Values may be compared where `metric` and `identity` are equal.
    """

    metric: str
    value: float
    identity: str
    num_real: int
    num_generated: int
    reference: str
    seed: int
    seconds: float
    time: float

    def row(self) -> dict[str, str | int | float]:
        """Return what goes into a line of metrics.jsonl."""
        return asdict(self)


def evaluate(
    generate: Callable[[int], Batches],
    reference: Reference,
    names: Sequence[str],
    detector: str | Detector,
    cache_dir: Path,
    seed: int = 0,
    mirror: bool = False,
    progress: Progress = lambda _: None,
) -> list[MetricValue]:
    """Return the numbers of all metrics `names`, in their order.

    `generate(n)` yields at least n generated images in batches, the same ones for the same n and `seed`; a metric of
    fewer images uses the first of them. `mirror` adds its mirror images to the reference. `progress` is called with
    what is being done, several times a second; it may raise to break the evaluation off.

    Raises MetricNameError for names that do not exist, DetectorError where the feature network cannot be had.
    """
    started = time.monotonic()
    specs = [parse_metric(name) for name in names]
    if not specs:
        return []
    network = load_detector(detector) if isinstance(detector, str) else detector
    against = Mirrored(reference) if mirror else reference
    gathered = gather(generate, specs, network, progress)
    results = []
    for spec in specs:
        progress(spec.name)
        real = RealFeatures(against, network, spec.real(len(against)), cache_dir, progress)
        numbers = MEASURES[spec.family].numbers(real, gathered.first(spec.generated), seed)
        results.append((spec, real, numbers))
    seconds = time.monotonic() - started
    return [value for result in results for value in _values(*result, seed, mirror, seconds)]


def gather(
    generate: Callable[[int], Batches], specs: Sequence[MetricSpec], network: Detector, progress: Progress
) -> Gathering:
    """Return what the metrics `specs` need of as many generated images as the largest of them asks for."""
    gathering = Gathering([(MEASURES[spec.family].keep, spec.generated) for spec in specs], network)
    for images in generate(gathering.total):
        progress(f"generated images {gathering.seen} of {gathering.total}")
        gathering.add(images)
        if gathering.seen == gathering.total:
            return gathering
    raise AssertionError(f"asked for {gathering.total} generated images, got {gathering.seen}")


def _values(
    spec: MetricSpec, real: RealFeatures, numbers: tuple[float, ...], seed: int, mirror: bool, seconds: float
) -> list[MetricValue]:
    compared = FAMILIES[spec.family].reference
    fingerprint = real.reference.fingerprint if compared else ""
    count = real.count if compared else 0
    identity = metric_identity(spec, real.detector.identity, fingerprint, count, seed, mirror)
    recorded = value_names(spec, real.detector.name)
    return [
        MetricValue(name, value, identity, count, spec.generated, fingerprint, seed, seconds, time.time())
        for name, value in zip(recorded, numbers, strict=True)
    ]
