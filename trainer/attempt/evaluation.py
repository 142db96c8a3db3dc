"""An attempt that only evaluates: the missing metrics and probes of a trial's kept snapshots."""

import time
from dataclasses import dataclass
from functools import partial

from trainer.config.stored import rows_in
from trainer.config.train import TrainConfig
from trainer.evaluation.measurer import Measurer, recorded_values
from trainer.evaluation.shared_work import agreed
from trainer.images.latents import load_generator
from trainer.probes.run import Prober
from trainer.recording.reporter import Reporter


class MetricFailed(Exception):
    """Metrics could not be measured; all others are recorded."""


@dataclass
class EvaluationJob:
    """Measures what is missing; results from before a preemption are not measured again."""

    config: TrainConfig
    measurer: Measurer
    reporter: Reporter

    def __post_init__(self) -> None:
        self.measurer.known |= recorded_values(rows_in(self.measurer.run.metrics))

    def carry_out(self) -> None:
        """Measure all snapshots, oldest first, then apply the retention rules to them.

        Raises Preempted, and MetricFailed at the end if a metric could not be measured.
        """
        self.reporter.update(ready=time.time())
        world, prober = self.measurer.world, Prober(self.config, self.measurer, self.reporter)
        for images in world.gather([self.measurer.run.kept_snapshots()])[0]:
            self._measure(images)
            agreed(partial(prober.run_missing, images), world)
        kept = self.measurer.run.kept_snapshots()
        if kept and self.measurer.options.metrics and self.reporter.speaks:
            self.measurer.keep(max(kept), self.reporter.fence)
        if self.measurer.failures:
            raise MetricFailed("; ".join(self.measurer.failures))

    def _measure(self, images: int) -> None:
        if self.measurer.missing(images):
            average = load_generator(self.measurer.run.snapshot(images)).to(self.measurer.world.device)
            self.measurer.measure(images, average, self.reporter)
