"""Write sample sheets: reals once, generated images of fixed latents whenever due."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.evaluation.inline import presented
from trainer.images.grids import fixed_latents, sample_sheet, tile, write_png
from trainer.record import RunDir
from trainer.recording.reporter import Reporter
from trainer.runtime.randomness import generator_of
from trainer.state.train_state import TrainState


@dataclass
class SampleSheetWriter:
    """Writes samples/reals.png and samples/fakes-<images>.png.

    Sheets of earlier attempts count up to where this one was resumed: later ones may be of another training.
    """

    run: RunDir
    config: TrainConfig
    options: RunOptions
    train_set: TrainSet
    resumed_images: int

    @property
    def count(self) -> int:
        return self.options.sheet_columns * self.options.sheet_rows

    def _labels(self) -> Float[Tensor, "n cdim"]:
        return self.train_set.labels(self._picks())

    def _picks(self) -> Int[np.ndarray, " n"]:
        draws = generator_of(self.config.seed, "sheet labels")
        return torch.randint(len(self.train_set), [self.count], generator=draws).numpy()

    def write(self, state: TrainState, reporter: Reporter) -> None:
        """Write the sheet of this image counter, unless an earlier attempt has, and the reals if missing."""
        if not reporter.speaks:
            return
        reals, fakes = self.run.samples / "reals.png", self.run.samples / f"fakes-{state.images:09d}.png"
        if not reals.exists():
            write_png(reals, tile(self.train_set.images(self._picks()), self.options.sheet_columns), reporter.fence)
        if state.images > self.resumed_images or not fakes.exists():
            z = fixed_latents(self.count, self.config.generator.z_dim, self.config.seed)
            average = presented(state.average, self.train_set)
            device = next(average.parameters()).device
            sheet = sample_sheet(average, z.to(device), self._labels().to(device), self.options.sheet_columns)
            write_png(fakes, sheet, reporter.fence)
