"""How a run's images are cut into iterations: a pure function of the settings, so that nothing of it is saved."""

import bisect
import math
from typing import NamedTuple


class Stretch(NamedTuple):
    """From image counter `images` on, which iteration `iteration` begins at, every iteration shows `batch` images."""

    images: int
    iteration: int
    batch: int


class Pace(NamedTuple):
    """Stretches of iterations in order. A schedule is looked at every `hold` iterations of a stretch."""

    stretches: tuple[Stretch, ...]
    hold: int = 1

    @classmethod
    def constant(cls, batch: int) -> "Pace":
        """Return the pace of a run whose batch never changes."""
        return cls((Stretch(0, 0, batch),))

    @property
    def batches(self) -> tuple[int, ...]:
        """Return the batch of every stretch."""
        return tuple(stretch.batch for stretch in self.stretches)

    def batch(self, images: int) -> int:
        """Return the size of the iteration that begins at `images`."""
        return self._at(images).batch

    def iteration(self, images: int) -> int:
        """Return how many iterations have ended at `images`."""
        stretch = self._at(images)
        return stretch.iteration + (images - stretch.images) // stretch.batch

    def before(self, images: int) -> int:
        """Return where the iteration began that ended at `images`, which is beyond 0."""
        return images - self._at(images - 1).batch

    def held(self, images: int) -> int:
        """Return at which image counter the schedule is looked at for the iteration that begins at `images`."""
        stretch = self._at(images)
        step = stretch.batch * self.hold
        return stretch.images + (images - stretch.images) // step * step

    def end_of_iteration(self, images: float) -> int:
        """Return the first image counter, not before `images`, at which an iteration ends."""
        stretch = self._at(math.floor(images))
        return stretch.images + math.ceil(round((images - stretch.images) / stretch.batch, 6)) * stretch.batch

    def _at(self, images: int) -> Stretch:
        return self.stretches[bisect.bisect_right(self.stretches, images, key=lambda stretch: stretch.images) - 1]
