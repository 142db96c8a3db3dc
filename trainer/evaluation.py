"""Evaluating a run's moving average inline: snapshot, generate, measure, append the rows, keep best and last."""

from dataclasses import dataclass

from trainer.config.train import TrainConfig
from trainer.measuring import Measurer, numbers_in
from trainer.record import read_lines
from trainer.reporter import Reporter
from trainer.snapshot import save_snapshot
from trainer.state import TrainState


@dataclass
class Evaluator:
    """Keeps the appointments of evaluation. Rows of an earlier attempt count up to where it was resumed.

    Where evaluation is left to later jobs, snapshots are all it makes.
    """

    config: TrainConfig
    measurer: Measurer
    resumed_images: int

    def __post_init__(self) -> None:
        rows = numbers_in(read_lines(self.measurer.run.metrics))
        self.measurer.known |= {number for number in rows if number[0] <= self.resumed_images}

    @property
    def _later(self) -> bool:
        return self.measurer.options.evaluation == "later"

    def evaluate(self, state: TrainState, reporter: Reporter) -> None:
        """Keep a snapshot of this image counter, with those metrics of its average that are not known yet.

        All ranks take part. Raises Preempted when a stop signal comes in the middle; nothing is written then.
        """
        kept = state.images <= self.resumed_images and self.measurer.run.snapshot(state.images).exists()
        todo = not kept or (bool(self.measurer.missing(state.images)) and not self._later)
        if not self.measurer.world.gather([todo])[0]:
            return
        if reporter.speaks:
            reporter.fence.check()
            save_snapshot(self.measurer.run, self.config, state)
        if self._later:
            return
        self.measurer.measure(state.images, state.average, reporter)
        if reporter.speaks:
            self.measurer.keep(state.images)
