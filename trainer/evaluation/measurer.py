"""Metrics of a trial's snapshots: find missing ones, measure them, and retain the best and the last snapshot."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from trainer.config.dataset.companion import locate_test_images
from trainer.config.metrics.names import parse_metric, value_names
from trainer.config.options import RunOptions
from trainer.config.stored import rows_in
from trainer.data.dataset import ImageSet, TrainSet, full_set
from trainer.evaluation.best_snapshot import best_snapshot
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.kept_for_others import kept_for_others
from trainer.evaluation.samples import Samples
from trainer.evaluation.shared_work import Progress
from trainer.files import Guard
from trainer.model.network import GeneratorNetwork
from trainer.record import RunDir
from trainer.recording.reporter import Reporter
from trainer.runtime.console import log
from trainer.runtime.signals import Preempted, StopRequest
from trainer.runtime.world import World
from trainer.state.snapshot import point, prune_snapshots

Known = tuple[int, str, int]
"""The image counter, the recorded name and the evaluation seed of a number."""


@dataclass
class Measurer:
    """Measures snapshots against the whole data set or its test images, on all ranks.

    `known` are the numbers recorded so far, `failures` the metrics that could not be measured, and why. Snapshots that
    other sweeps than `sweep` keep are not removed; None: it is the only one.
    """

    run: RunDir
    options: RunOptions
    train_set: TrainSet
    reference: ImageSet
    stop: StopRequest
    world: World
    sweep: str | None = None
    known: set[Known] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    @cached_property
    def feature_networks(self) -> FeatureNetworks:
        return FeatureNetworks(self.options.detector, self.options.distance, self.world.device)

    @cached_property
    def test_images(self) -> ImageSet | None:
        """Return the test images of the data set if a metric compares with them. Raises DataError without them."""
        if not any(parse_metric(name).test for name in self.options.metrics):
            return None
        return full_set(locate_test_images(self.options.data_path), self.options.cache_dir)

    def missing(self, images: int) -> dict[int, list[str]]:
        """Return, by evaluation seed, the metrics with numbers missing at this image counter."""
        found = {
            seed: [name for name in self.options.metrics if not self._numbers(name, images, seed) <= self.known]
            for seed in range(self.options.evaluation_seeds)
        }
        return {seed: names for seed, names in found.items() if names}

    def measure(self, images: int, average: GeneratorNetwork, reporter: Reporter) -> None:
        """Append the missing numbers of a moving average to metrics.jsonl.

        A metric that cannot be measured is logged and added to `failures`; it is not tried again here. Raises Preempted
        if a stop signal arrives meanwhile; rows of finished seeds are kept.
        """
        for seed, names in self.missing(images).items():
            values = evaluate(
                Samples(average, self.train_set, seed),
                self.reference,
                names,
                self.feature_networks,
                self.options.cache_dir,
                seed=seed,
                progress=self.progress(reporter),
                world=self.world,
                test_images=self.test_images,
                on_failure=partial(self._note_failure, images / 1000, reporter),
            )
            reporter.append(self.run.metrics, *({"kimg": images / 1000, **value.row()} for value in values))
            self.known |= {number for name in names for number in self._numbers(name, images, seed)}

    def _note_failure(self, kimg: float, reporter: Reporter, name: str, error: Exception) -> None:
        why = " ".join(f"{name} could not be measured at {kimg:g} kimg: {type(error).__name__}: {error}".split())
        log("".join(traceback.format_exception(error)))
        log(f"adasweep: {why}")
        reporter.event("metric-failed", kimg, metric=name, message=why)
        reporter.update(message=why)
        self.failures.append(why)

    def keep(self, images: int, guard: Guard) -> None:
        """Link `best` to the best snapshot by the score, and remove snapshots that need not be kept."""
        best = best_snapshot(self.run.kept_snapshots(), rows_in(self.run.metrics), self.options) or images
        point(self.run.snapshots / "best.safetensors", self.run.snapshot(best), guard)
        if self.options.snapshots_kept == "best-and-last":
            prune_snapshots(self.run, {images, best} | self._for_others(), guard)

    def _for_others(self) -> set[int]:
        return set() if self.sweep is None else kept_for_others(self.run, self.sweep)

    def progress(self, reporter: Reporter) -> Progress:
        """Return a progress callback that updates the heartbeat, and raises Preempted after a stop signal."""

        def progress(doing: str) -> None:
            if self.stop.made:
                raise Preempted
            reporter.pulse(doing=f"evaluating: {doing}")

        return progress

    def _numbers(self, name: str, images: int, seed: int) -> set[Known]:
        recorded = value_names(parse_metric(name), self.options.detector, self.options.distance)
        return {(images, number, seed) for number in recorded}


def recorded_values(rows: Iterable[dict[str, Any]]) -> set[Known]:
    """Return the numbers in rows of metrics.jsonl."""
    return {(round(row["kimg"] * 1000), row["metric"], row.get("seed", 0)) for row in rows}
