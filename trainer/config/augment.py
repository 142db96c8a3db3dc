"""How the discriminator's images are augmented (Karras et al. 2020, "Training GANs with limited data")."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.config.spec import Fraction, Positive, PositiveInt, Probability, Spec

Pipe = Literal["blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"]
Group = Literal["blit", "geom", "color", "filter", "noise", "cutout"]

PIPES: Mapping[Pipe, tuple[Group, ...]] = {
    "blit": ("blit",),
    "geom": ("geom",),
    "color": ("color",),
    "filter": ("filter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
    "bg": ("blit", "geom"),
    "bgc": ("blit", "geom", "color"),
    "bgcf": ("blit", "geom", "color", "filter"),
    "bgcfn": ("blit", "geom", "color", "filter", "noise"),
    "bgcfnc": ("blit", "geom", "color", "filter", "noise", "cutout"),
}


SMALLEST_FILTERED_SIDE = 22  # the filters reach 21 pixels, and reflection repeats no border


def misfit(pipe: Pipe, channels: int, resolution: int) -> str | None:
    """Return why images of this kind cannot pass the pipe, None if they can."""
    if "color" in PIPES[pipe] and channels not in (1, 3):
        return f"changes colours, which needs 1 or 3 channels and not {channels}; bg takes any number"
    if "filter" in PIPES[pipe] and resolution < SMALLEST_FILTERED_SIDE:
        return f"filters images, which needs {SMALLEST_FILTERED_SIDE} pixels a side and not {resolution}; bgc takes any"
    return None


class NoAugment(Spec):
    """The discriminator sees images as they are."""

    module: ClassVar[str] = "trainer.augment.none"
    type: Literal["none"] = "none"


class FixedAugment(Spec):
    """Every transform of the pipe is applied with the same constant probability p."""

    module: ClassVar[str] = "trainer.augment.fixed"
    type: Literal["fixed"] = "fixed"
    pipe: Pipe = "bgc"
    p: Probability


class AdaAugment(Spec):
    """Move p so that the overfitting heuristic stays at `target` (Karras et al. 2020, Sec. 3.2, Eq. 1).

    `heuristic` r_t needs no validation images; r_v does, and its target is 0.5 in the official code. `horizon_kimg` is
    the number of thousands of images in which p can go from 0 to 1. `p_max` is a variant of ours: the paper has none.
    """

    module: ClassVar[str] = "trainer.augment.ada"
    type: Literal["ada"] = "ada"
    pipe: Pipe = "bgc"
    heuristic: Literal["rt", "rv"] = "rt"
    target: Fraction = 0.6
    interval: PositiveInt = 4
    horizon_kimg: Positive = 500.0
    p_initial: Probability = 0.0
    p_max: Positive | None = None


AnyAugment = Annotated[NoAugment | FixedAugment | AdaAugment, Field(discriminator="type")]
