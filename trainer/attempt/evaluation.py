"""An attempt that only evaluates: the missing metrics and probes of a trial's kept snapshots."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from trainer.config.identity import trial_id
from trainer.config.stored import rows_in
from trainer.config.train import TrainConfig
from trainer.errors import SnapshotError
from trainer.evaluation.measurer import Measurer, recorded_values
from trainer.evaluation.shared_work import agreed
from trainer.images.latents import load_generator
from trainer.probes.run import Prober
from trainer.recording.reporter import Reporter
from trainer.runtime.console import log
from trainer.state.snapshot import require_snapshot_of

T = TypeVar("T")


class MetricFailed(Exception):
    """Metrics could not be measured; all others are recorded."""


@dataclass
class EvaluationJob:
    """Measures what is missing; results from before a preemption are not measured again.

    `damaged` are the snapshots that cannot be read, by image counter, and why.
    """

    config: TrainConfig
    measurer: Measurer
    reporter: Reporter
    damaged: dict[int, SnapshotError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.measurer.known |= recorded_values(rows_in(self.measurer.run.metrics))

    def carry_out(self) -> None:
        """Measure all snapshots, oldest first, then apply the retention rules to them, unless one is damaged.

        Raises Preempted, and at the end SnapshotError if a snapshot is damaged, or MetricFailed if a metric could not
        be measured.
        """
        self.reporter.update(ready=time.time())
        world, prober = self.measurer.world, Prober(self.config, self.measurer, self.reporter)
        for images in world.gather([self.measurer.run.kept_snapshots()])[0]:
            path, trial = self.measurer.run.snapshot(images), trial_id(self.config)
            self._if_intact(images, partial(require_snapshot_of, path, trial, images))
            self._measure(images)
            agreed(partial(self._if_intact, images, partial(prober.run_missing, images)), world)
            self._tell_if_damaged(images)
        self._require_intact()
        kept = self.measurer.run.kept_snapshots()
        if kept and self.measurer.options.metrics and self.reporter.speaks:
            self.measurer.keep(max(kept), self.reporter.fence)
        if self.measurer.failures:
            raise MetricFailed("; ".join(self.measurer.failures))

    def _measure(self, images: int) -> None:
        if not self.measurer.missing(images):
            return
        average = self._if_intact(images, partial(load_generator, self.measurer.run.snapshot(images)))
        is_lost = self.measurer.world.any(average is None)
        if average is not None and not is_lost:
            self.measurer.measure(images, average.to(self.measurer.world.device), self.reporter)

    def _if_intact(self, images: int, use: Callable[[], T]) -> T | None:
        """Return what `use` makes of a snapshot; None if this rank finds, or has found, that it is damaged."""
        if images in self.damaged:
            return None
        try:
            return use()
        except SnapshotError as error:
            self.damaged[images] = error
            return None

    def _tell_if_damaged(self, images: int) -> None:
        """Tell once, on the first rank, that a snapshot is damaged, whichever rank has found it so."""
        own = self.damaged.get(images)
        about = self.measurer.world.gather([own and (own.place, own.problem, own.way_out)])
        error = next((SnapshotError(*found) for found in about if found), None)
        if error and self.reporter.speaks:
            self.damaged[images] = error
            log(f"adasweep: {error}")
            self.reporter.event("damaged-snapshot", images / 1000, message=str(error))

    def _require_intact(self) -> None:
        """Raise SnapshotError on the first rank, about the first snapshot that is damaged, if there is one."""
        if self.damaged and self.reporter.speaks:
            first, others = next(iter(self.damaged.values())), len(self.damaged) - 1
            more = f" (and {others} more)" if others else ""
            raise SnapshotError(first.place, f"{first.problem}{more}", "put the file back, or remove it")
