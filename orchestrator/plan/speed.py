"""Evidence about speed and power: benchmarks of this machine, earlier attempts, published numbers.

A benchmark of this machine takes precedence over earlier attempts of the same shape, and those over published numbers.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.plan.benchmark_file import Benchmark, shape_key
from orchestrator.plan.calibration import error_of
from orchestrator.plan.evaluation_price import ToMeasure, evaluation_of
from orchestrator.plan.price import PastError, Power, Rate
from orchestrator.plan.probe_price import probing_of
from orchestrator.plan.published import Training, published, startup_seconds
from orchestrator.store.observe import Observed
from orchestrator.store.timing import Timing
from trainer.config.job import Resources
from trainer.config.node_power import WATTS_PER_GPU, NodePower
from trainer.config.train import TrainConfig

LEAST_SPREAD = 1.5
NODE_SPREAD = 2.0
"""Accuracy (as a factor) of the nominal power of a node."""

SAME_NODES = {"ray": "ray_tune"}
"""Another name under which attempts run on the nodes of a backend."""

ELSEWHERE_SPREAD = 2.0
"""Accuracy (as a factor) of measurements on other resources, scaled by the number of devices."""


@dataclass(frozen=True)
class SpeedEvidence:
    """Evidence about speed, by shape of the configuration, and errors of past estimates.

    `speeds` are the seconds per kimg of trials that are not done. `is_here`: attempts run on the benchmarked machine;
    otherwise history takes precedence over benchmarks. `node` is the power of a node of the backend, if known.
    """

    benchmarks: Mapping[str, Benchmark]
    history: Mapping[str, tuple[Timing, ...]]
    power: Mapping[str, tuple[Power, ...]] = field(default_factory=dict)
    past: tuple[PastError, ...] = ()
    speeds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    is_here: bool = True
    node: NodePower | None = None

    def power_of(self, config: TrainConfig, resources: Resources) -> Power | None:
        """Return the power of a run: from earlier trials of its shape, or else nominal; None if unknown."""
        known = self.power.get(shape_key(config), ())
        if known:
            return _typical_power(known)
        if self.node:
            return Power(self.node.device_watts * _devices(resources), NODE_SPREAD, "the profile's node")
        watts = WATTS_PER_GPU * resources.gpus
        return Power(watts, NODE_SPREAD, "nominal: a node of 8 V100") if resources.gpus else None

    def rate(self, config: TrainConfig, resources: Resources, asked: ToMeasure) -> Rate:
        """Return the best known rate for `config` with evaluations of these metrics."""
        key = shape_key(config)
        measured, known = self._benchmark(key, resources), self._history(key, resources)
        found = (measured if self.is_here else None) or known or measured or published(config, resources)
        evaluation = evaluation_of(
            asked, resources, found.seconds_per_kimg, self.history.get(key, ()), self.benchmarks.get(key)
        )
        if evaluation.kind != found.kind and evaluation.seconds:
            kind, source = f"{found.kind}, {evaluation.kind}", f"{found.source}; evaluations: {evaluation.kind}"
            found = found._replace(kind=kind, source=source)
        rate = Rate(*found, evaluation.seconds, self.startup(resources), evaluation.spread)
        if not asked.probes:
            return rate
        probing = probing_of(asked, config, resources, found.seconds_per_kimg, self.history.get(key, ()))
        return rate._replace(seconds_per_probing=probing.seconds, probing_spread=probing.spread)

    def startup(self, resources: Resources) -> float:
        """Return the time from the start of a job to its first iteration: the median of earlier ones, if any."""
        known = [
            one.startup
            for timings in self.history.values()
            for one in timings
            if one.startup is not None and bool(one.job.resources.gpus) == bool(resources.gpus)
        ]
        return statistics.median(known) if known else startup_seconds(resources)

    def has_seen(self, data: Path, asked: ToMeasure) -> bool:
        """Return whether earlier attempts have computed these metrics on a data set."""
        every = (one.job.options for timings in self.history.values() for one in timings if one.passes)
        return any(
            one.data_path == data and set(asked.metrics) <= set(one.metrics) and one.detector == asked.detector
            for one in every
        )

    def _benchmark(self, key: str, resources: Resources) -> Training | None:
        found = self.benchmarks.get(key)
        if found is None:
            return None
        scale = 1.0 if resources.gpus or not found.cpus else found.cpus / resources.cpus
        spread = LEAST_SPREAD if scale == 1 and self.is_here and found.ops else ELSEWHERE_SPREAD
        return Training(found.seconds_per_kimg * scale, spread, "benchmark on this machine", "benchmark")

    def _history(self, key: str, resources: Resources) -> Training | None:
        """Return the median and spread of earlier attempts, of those on the same resources if there are any."""
        every = [one for one in self.history.get(key, ()) if one.per_kimg and _same_kind(one.job.resources, resources)]
        same = [one for one in every if _devices(one.job.resources) == _devices(resources)]
        devices = _devices(resources)
        rates = [one.per_kimg * _devices(one.job.resources) / devices for one in same or every if one.per_kimg]
        if not rates:
            return self._as_seen(key)
        middle = statistics.median(rates)
        spread = max(LEAST_SPREAD if same else ELSEWHERE_SPREAD, max(rates) / middle, middle / min(rates))
        where = "" if same else " on other resources"
        return Training(middle, spread, f"{_trials(rates)}{where}", "history")

    def _as_seen(self, key: str) -> Training | None:
        """Return the median speed of attempts that are not done, or whose records lack times."""
        speeds = self.speeds.get(key, ())
        if not speeds:
            return None
        middle = statistics.median(speeds)
        return Training(middle, ELSEWHERE_SPREAD, _trials(speeds), "history")


def evidence(
    benchmarks: Mapping[str, Benchmark],
    seen: Iterable[tuple[TrainConfig, Observed]],
    timed: Iterable[tuple[TrainConfig, Timing]],
    backend: str = "local",
    node: NodePower | None = None,
) -> SpeedEvidence:
    """Return the evidence from benchmarks, observed trials (`seen`) and timed attempts (`timed`) on a backend."""
    power: dict[str, tuple[Power, ...]] = defaultdict(tuple)
    history: dict[str, tuple[Timing, ...]] = defaultdict(tuple)
    speeds: dict[str, tuple[float, ...]] = defaultdict(tuple)
    for config, observed in seen:
        if observed.speed.images_per_second:
            speeds[shape_key(config)] += (1000 / observed.speed.images_per_second,)
        if observed.speed.watts:
            drawn = Power(observed.speed.watts, 1.0, observed.speed.energy_method)
            power[shape_key(config)] += (drawn,)
    for config, timing in timed:
        if timing.job.backend in (backend, SAME_NODES.get(backend)):
            history[shape_key(config)] += (timing,)
    past = tuple(error for timings in history.values() for one in timings if (error := past_error(one)))
    return SpeedEvidence(benchmarks, history, power, past, speeds, is_here=backend != "slurm", node=node)


def past_error(timing: Timing) -> PastError | None:
    """Return the error of an attempt's estimate, or None if it had none."""
    estimate = timing.job.estimate
    error = error_of(estimate.made, timing.seconds, estimate.plain) if estimate else None
    return PastError(error, estimate.kind, estimate.plain) if estimate and error else None


def _same_kind(one: Resources, other: Resources) -> bool:
    return bool(one.gpus) == bool(other.gpus)


def _devices(resources: Resources) -> float:
    return resources.gpus or resources.cpus


def _trials(found: Sequence[object]) -> str:
    return f"{len(found)} earlier {'trial' if len(found) == 1 else 'trials'}"


def _typical_power(drawn: tuple[Power, ...]) -> Power:
    """Return the median of earlier trials, with their spread, at least LEAST_SPREAD."""
    watts = [one.watts for one in drawn]
    middle = statistics.median(watts)
    methods = ", ".join(sorted({one.source for one in drawn}))
    spread = max(LEAST_SPREAD, max(watts) / middle, middle / min(watts))
    return Power(middle, spread, f"{_trials(drawn)} ({methods})")
