"""How a run's images are divided into iterations: a pure function of the settings, so it needs no saved state."""

import bisect
import math
from typing import NamedTuple


class Segment(NamedTuple):
    """A run of iterations of `batch` images, from iteration `iteration` at image counter `images`."""

    images: int
    iteration: int
    batch: int


class BatchSchedule(NamedTuple):
    """Segments of iterations in order. Schedules are evaluated every `hold` iterations of a segment."""

    segments: tuple[Segment, ...]
    hold: int = 1

    @classmethod
    def constant(cls, batch: int) -> "BatchSchedule":
        """Return the schedule of a run with a constant batch."""
        return cls((Segment(0, 0, batch),))

    @property
    def batches(self) -> tuple[int, ...]:
        """Return the batch of every segment."""
        return tuple(segment.batch for segment in self.segments)

    def batch(self, images: int) -> int:
        """Return the size of the iteration that begins at `images`."""
        return self._at(images).batch

    def iteration(self, images: int) -> int:
        """Return how many iterations have ended at `images`."""
        segment = self._at(images)
        return segment.iteration + (images - segment.images) // segment.batch

    def before(self, images: int) -> int:
        """Return the image counter at which the iteration that ended at `images` > 0 began."""
        return images - self._at(images - 1).batch

    def held(self, images: int) -> int:
        """Return the image counter at which schedules are evaluated for the iteration that begins at `images`."""
        segment = self._at(images)
        step = segment.batch * self.hold
        return segment.images + (images - segment.images) // step * step

    def end_of_iteration(self, images: float) -> int:
        """Return the first image counter at or after `images` at which an iteration ends."""
        segment = self._at(math.floor(images))
        return segment.images + math.ceil(round((images - segment.images) / segment.batch, 6)) * segment.batch

    def _at(self, images: int) -> Segment:
        return self.segments[bisect.bisect_right(self.segments, images, key=lambda segment: segment.images) - 1]
