"""The price of an evaluation: from past evaluations of the same metrics, else a benchmark, else published numbers."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.plan.benchmark_file import Benchmark
from orchestrator.plan.published import PASS_SECONDS, pass_seconds
from orchestrator.store.timing import Timing
from trainer.config.job import Job, Resources
from trainer.config.metrics.names import MetricSpec, parse_metric

MEASURED_SPREAD = 1.5
BENCHMARK_SPREAD = 2.0
PUBLISHED_SPREAD = 3.0
"""Accuracy (as a factor) of evaluations that were timed, whose images were timed, or that are unknown."""


class ToMeasure(NamedTuple):
    """The metrics of an evaluation, and the probes of a snapshot."""

    metrics: tuple[str, ...] = ()
    detector: str = "lite0"
    seeds: int = 1
    probes: tuple[str, ...] = ()

    @property
    def specs(self) -> list[MetricSpec]:
        return [parse_metric(name) for name in self.metrics]

    @property
    def generated(self) -> int:
        """Return the number of images generated per evaluation seed: metrics share them."""
        return max((spec.generated for spec in self.specs), default=0)


class Evaluation(NamedTuple):
    """Seconds of one evaluation with all seeds, accurate to a factor of `spread`, and the kind of source."""

    seconds: float
    spread: float
    kind: str


def evaluation_of(
    asked: ToMeasure,
    resources: Resources,
    seconds_per_kimg: float,
    timings: Sequence[Timing],
    benchmark: Benchmark | None,
) -> Evaluation:
    """Return the price of one evaluation of a network that trains at this speed; `timings` are of its shape."""
    if not asked.metrics:
        return Evaluation(0.0, 1.0, "published")
    same = [statistics.median(one.passes) for one in timings if one.passes and _is_the_same(one.job, asked, resources)]
    if same:
        seconds = statistics.median(same)
        return Evaluation(asked.seeds * seconds, MEASURED_SPREAD, "history")
    expected = pass_seconds(asked.specs, asked.detector, resources, seconds_per_kimg)
    if benchmark and asked.detector == "lite0":
        measured = benchmark.seconds_per_thousand_evaluated * asked.generated / 1000
        seconds = max(measured + PASS_SECONDS, expected if _paths(asked) else 0.0)
        return Evaluation(asked.seeds * seconds, BENCHMARK_SPREAD, "benchmark")
    return Evaluation(asked.seeds * expected, PUBLISHED_SPREAD, "published")


def _is_the_same(job: Job, asked: ToMeasure, resources: Resources) -> bool:
    measured = set(job.options.metrics), job.options.detector
    return measured == (set(asked.metrics), asked.detector) and bool(job.resources.gpus) == bool(resources.gpus)


def _paths(asked: ToMeasure) -> bool:
    return any(spec.path for spec in asked.specs)
