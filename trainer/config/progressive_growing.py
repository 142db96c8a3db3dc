"""Settings of progressive growing, and its schedule as pure functions of the image counter.

Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and variation", Sec. 2 and App. A.

A level is the binary logarithm of a resolution: 3 is 8x8, 3.25 is 16x16 faded in by a quarter.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trainer.config.batch_schedule import BatchSchedule, Segment
from trainer.config.spec import BatchSize, Positive, PositiveInt, Spec

Resolution = Annotated[int, Field(ge=4, le=1024)]
AtLeastAnImage = Annotated[float, Field(ge=0.001, allow_inf_nan=False)]
PUBLISHED_FACTORS: Mapping[Resolution, Positive] = MappingProxyType({128: 1.5, 256: 2.0, 512: 3.0, 1024: 3.0})


def top_of(level: float) -> int:
    """Return the highest resolution that is visible at a level."""
    return int(2 ** math.ceil(level))


class ProgressiveGrowing(Spec):
    """Both networks start at `first_resolution`; each further resolution fades in for `fade_kimg` after `stable_kimg`.

    `batches` and `lr_factors` change the batch and both learning rates from the start of a resolution's fade; other
    resolutions use `batch` and the lr of the optimizers. The schedule is evaluated every `hold_iterations`, in whole
    images. `reset_optimizers` resets Adam where a fade begins or ends, as the authors' code does.
    """

    module: ClassVar[str] = "trainer.methods.progressive_growing"
    type: Literal["progressive-growing"] = "progressive-growing"
    first_resolution: Resolution = 4
    stable_kimg: AtLeastAnImage = 600.0
    fade_kimg: AtLeastAnImage = 600.0
    batches: dict[Resolution, BatchSize] = {}
    lr_factors: dict[Resolution, Positive] = dict(PUBLISHED_FACTORS)
    hold_iterations: PositiveInt = 4
    reset_optimizers: bool = True

    @model_validator(mode="after")
    def _powers_of_two(self) -> Self:
        for resolution in (self.first_resolution, *self.batches, *self.lr_factors):
            if resolution & (resolution - 1):
                raise ValueError(f"{resolution} is not a power of two from 4 to 1024")
        return self

    def level(self, images: int, resolution: int) -> float:
        """Return the level at an image counter, at most that of `resolution`."""
        first, last = math.log2(self.first_resolution), math.log2(resolution)
        stable, fade = self._spans()
        whole, rest = divmod(images, stable + fade)
        return min(first + whole + max(rest - stable, 0) / fade, last)

    def lr_factor(self, level: float) -> float:
        """Return the factor of both learning rates."""
        return self.lr_factors.get(top_of(level), 1.0)

    def batch_schedule(self, batch: int, resolution: int) -> BatchSchedule:
        """Return how images of `resolution` are divided into iterations."""
        segments = []
        images = iteration = 0
        while True:
            top = top_of(self.level(images, resolution))
            size = self.batches.get(top, batch)
            segments.append(Segment(images, iteration, size))
            if top >= resolution:
                return BatchSchedule(tuple(segments), self.hold_iterations)
            holds = (self._fade_begins(2 * top) - images) // (size * self.hold_iterations) + 1
            images += holds * size * self.hold_iterations
            iteration += holds * self.hold_iterations

    def _fade_begins(self, resolution: int) -> int:
        """Return the image counter at which `resolution` begins to fade in."""
        steps, (stable, fade) = round(math.log2(resolution / self.first_resolution)), self._spans()
        return steps * stable + (steps - 1) * fade

    def _spans(self) -> tuple[int, int]:
        """Return the lengths of a stable phase and of a fade in images."""
        return round(self.stable_kimg * 1000), round(self.fade_kimg * 1000)
