"""Evaluate a run's moving average during training: snapshot, measure, append rows, keep the best and the last."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.config.stored import rows_in
from trainer.config.train import TrainConfig
from trainer.data.dataset import ImageSet
from trainer.evaluation.measurer import Measurer, recorded_values
from trainer.model.network import GeneratorNetwork
from trainer.recording.reporter import Reporter
from trainer.state.snapshot import save_snapshot
from trainer.state.train_state import TrainState


@dataclass
class Evaluator:
    """Evaluates the moving average. Rows of an earlier attempt count up to where it was resumed.

    If evaluation is left to later jobs, it only saves snapshots.
    """

    config: TrainConfig
    measurer: Measurer
    resumed_images: int

    def __post_init__(self) -> None:
        rows = recorded_values(rows_in(self.measurer.run.metrics))
        self.measurer.known |= {number for number in rows if number[0] <= self.resumed_images}

    @property
    def _later(self) -> bool:
        return self.measurer.options.evaluation == "later"

    def evaluate(self, state: TrainState, reporter: Reporter) -> None:
        """Save a snapshot at this image counter, and measure the missing metrics of its average.

        All ranks take part. Raises Preempted if a stop signal arrives meanwhile; metrics of an unfinished seed are
        lost.
        """
        kept = state.images <= self.resumed_images and self.measurer.run.snapshot(state.images).exists()
        todo = not kept or (bool(self.measurer.missing(state.images)) and not self._later)
        if not self.measurer.world.gather([todo])[0]:
            return
        average = presented(state.average, self.measurer.train_set)
        if reporter.speaks:
            save_snapshot(self.measurer.run, self.config, state, average, reporter.fence)
        if self._later:
            return
        self.measurer.measure(state.images, average, reporter)
        if reporter.speaks:
            self.measurer.keep(state.images, reporter.fence)


def presented(average: GeneratorNetwork, labels_of: ImageSet) -> GeneratorNetwork:
    """Return the average as used outside training, with class frequencies of the set."""

    def labels(count: int, draws: torch.Generator) -> Float[Tensor, "n cdim"]:
        return labels_of.labels(torch.randint(len(labels_of), [count], generator=draws).numpy())

    return average.presentable(labels)
