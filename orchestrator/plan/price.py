"""Estimates what a trial will cost: seconds per kimg and per evaluation, from the best source available.

A benchmark of this machine goes before the history of trials of the same shape, and that before published numbers.
"""

import hashlib
import json
import math
import socket
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from orchestrator.store.observe import Observed
from trainer.config.job import Resources
from trainer.config.spec import NonNegative, Positive, Settings
from trainer.config.train import TrainConfig
from trainer.files import replace_file

PUBLISHED_V100 = {
    (128, 8): 4.3,
    (256, 1): 23.8,
    (256, 2): 12.4,
    (256, 4): 6.3,
    (256, 8): 5.0,
    (512, 8): 10.1,
    (1024, 8): 21.2,
}
"""Seconds per kimg by resolution and number of V100s: the training times published with the official code."""

WATTS_PER_V100 = 300.0
"""The most that the board of a V100 (SXM2) draws, by its data sheet."""

CPU_SECONDS_PER_WORK = 7.4e-6
"""Seconds per kimg on one CPU core, per unit of `work`: measured with StyleGAN2 at 32x32, 32 to 256 channels wide."""

EVALUATION_SHARE = 0.05
"""Part of the training time that evaluations take where nothing better is known (published: 3 to 9 %)."""


class Rate(NamedTuple):
    """What training and evaluating cost in seconds; the true value is expected within a factor of `spread`."""

    seconds_per_kimg: float
    seconds_per_evaluation: float | None
    spread: float
    source: str


class Power(NamedTuple):
    """Mean power of one run in watts; the true value is expected within a factor of `spread`."""

    watts: float
    spread: float
    source: str


class Price(NamedTuple):
    """Seconds of one trial on its resources, between `low` and `high`."""

    seconds: float
    low: float
    high: float
    source: str


class Benchmark(Settings):
    """A measurement on this machine, as `python -m trainer benchmark` prints it."""

    seconds_per_kimg: Positive
    seconds_per_thousand_evaluated: NonNegative
    peak_memory_gib: NonNegative = 0.0


@dataclass(frozen=True)
class SpeedEvidence:
    """All that is known about speed, by the shape of what was computed."""

    benchmarks: Mapping[str, Benchmark]
    history: Mapping[str, tuple[Rate, ...]]
    power: Mapping[str, tuple[Power, ...]] = field(default_factory=dict)

    def power_of(self, config: TrainConfig, resources: Resources) -> Power | None:
        """Return the power a run draws: as earlier trials of its shape did, or GPUs as published; None if unknown."""
        known = self.power.get(shape_key(config), ())
        if known:
            return _typical_power(known)
        return Power(WATTS_PER_V100 * resources.gpus, 2.0, "published: V100 boards") if resources.gpus else None

    def rate(self, config: TrainConfig, resources: Resources, evaluated_images: int) -> Rate:
        """Return the best rate known for `config`, where an evaluation looks at so many generated images."""
        key = shape_key(config)
        if key in self.benchmarks:
            benchmark = self.benchmarks[key]
            evaluation = benchmark.seconds_per_thousand_evaluated * evaluated_images / 1000
            return Rate(benchmark.seconds_per_kimg, evaluation, 1.25, "benchmark on this machine")
        if key in self.history:
            return _typical(self.history[key])
        return published(config, resources)


def price(rate: Rate, kimg: float, evaluate_every_kimg: float) -> Price:
    """Return the price of `kimg` of training with an evaluation every `evaluate_every_kimg`, one at least."""
    training = rate.seconds_per_kimg * kimg
    if rate.seconds_per_evaluation is None:
        evaluating = EVALUATION_SHARE * training
    else:
        evaluating = rate.seconds_per_evaluation * max(1, math.ceil(kimg / evaluate_every_kimg))
    seconds = training + evaluating
    return Price(seconds, seconds / rate.spread, seconds * rate.spread, rate.source)


def shape_key(config: TrainConfig) -> str:
    """Return 12 digits that are equal for configurations that take the same time per image."""
    parts = config.model_dump(mode="json", include={"generator", "discriminator", "augment", "batch", "micro_batch"})
    parts["augment"] = {name: parts["augment"].get(name) for name in ("type", "pipe")}
    parts["data"] = config.data.model_dump(mode="json", include={"resolution", "channels"})
    parts["path_length"] = getattr(config.objective, "path_length_weight", 0) > 0
    parts["objective"], parts["methods"] = config.objective.type, [method.type for method in config.methods]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def evidence(folder: Path, seen: Iterable[tuple[TrainConfig, Observed]]) -> SpeedEvidence:
    """Return what the benchmarks in `folder` and the trials `seen` tell about speed."""
    history: dict[str, tuple[Rate, ...]] = {}
    power: dict[str, tuple[Power, ...]] = {}
    for config, observed in seen:
        speed = observed.speed
        if speed.images_per_second:
            rate = Rate(1000 / speed.images_per_second, speed.evaluation_seconds, 1.0, "")
            history[shape_key(config)] = (*history.get(shape_key(config), ()), rate)
        if speed.watts:
            drawn = Power(speed.watts, 1.0, speed.energy_method)
            power[shape_key(config)] = (*power.get(shape_key(config), ()), drawn)
    return SpeedEvidence(_read_benchmarks(folder), history, power)


def published(config: TrainConfig, resources: Resources) -> Rate:
    """Return a rate from published numbers: an order of magnitude."""
    if not resources.gpus:
        seconds = CPU_SECONDS_PER_WORK * work(config) / resources.cpus
        return Rate(seconds, None, 3.0, "published: StyleGAN2 on a CPU core")
    side = config.data.resolution
    near = min(PUBLISHED_V100, key=lambda row: (abs(math.log2(row[0] / side)), abs(math.log2(row[1] / resources.gpus))))
    seconds = PUBLISHED_V100[near] * max(side / near[0], (side / near[0]) ** 2) * near[1] / resources.gpus
    return Rate(seconds, None, 2.0, f"published: {near[0]}x{near[0]} on {near[1]} V100")


def work(config: TrainConfig) -> float:
    """Return the sum of (side x channels)^2 over the generator's resolutions, which its multiplications follow."""
    generator, resolution = config.generator, config.data.resolution
    sides = [2**power for power in range(2, int(math.log2(resolution)) + 1)]
    return float(sum((side * generator.width(side, resolution)) ** 2 for side in sides))


def benchmark_path(folder: Path, config: TrainConfig) -> Path:
    """Return where this host's benchmark of configurations like `config` is kept."""
    return folder / socket.gethostname() / f"{shape_key(config)}.json"


def write_benchmark(folder: Path, config: TrainConfig, benchmark: Benchmark) -> None:
    """Keep a measurement."""
    replace_file(benchmark_path(folder, config), benchmark.model_dump_json())


def _read_benchmarks(folder: Path) -> dict[str, Benchmark]:
    found = {}
    for path in (folder / socket.gethostname()).glob("*.json"):
        try:
            found[path.stem] = Benchmark.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return found


def _typical(rates: tuple[Rate, ...]) -> Rate:
    """Return the median of earlier trials; the spread is what was seen among them, 1.25 at least."""
    seconds = [rate.seconds_per_kimg for rate in rates]
    evaluations = [rate.seconds_per_evaluation for rate in rates if rate.seconds_per_evaluation is not None]
    middle = statistics.median(seconds)
    spread = max(1.25, max(seconds) / middle, middle / min(seconds))
    return Rate(middle, statistics.median(evaluations) if evaluations else None, spread, f"{len(rates)} earlier trials")


def _typical_power(drawn: tuple[Power, ...]) -> Power:
    """Return the median of earlier trials; the spread is what was seen among them, 1.25 at least."""
    watts = [one.watts for one in drawn]
    middle = statistics.median(watts)
    methods = ", ".join(sorted({one.source for one in drawn}))
    spread = max(1.25, max(watts) / middle, middle / min(watts))
    return Power(middle, spread, f"{len(drawn)} earlier trials ({methods})")
