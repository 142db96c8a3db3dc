"""Settings of augmentation (Karras et al. 2020, "Training GANs with limited data", and rivals).

Methods that need a discriminator without image augmentation (PA-GAN, adaptive dropout) are alternatives in this choice.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from trainer.config.spec import Fraction, Positive, PositiveInt, Probability, Spec

Group = Literal["blit", "geom", "color", "filter", "noise", "cutout"]
Single = Literal["scale", "rotate90"]
"""Pipes of one transform, isotropic scaling and quarter turns, for the leaks shown in the ADA paper (Fig. 3)."""

Pipe = Literal[Group, Single, "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"]

PIPES: Mapping[Pipe, tuple[Group | Single, ...]] = {
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
    "scale": ("scale",),
    "rotate90": ("rotate90",),
}


SMALLEST_FILTERED_SIDE = 22  # the filters reach 21 pixels, and reflection does not repeat the border


def misfit(pipe: Pipe, channels: int, resolution: int) -> str | None:
    """Return why the pipe cannot process such images, None if it can."""
    if "color" in PIPES[pipe] and channels not in (1, 3):
        return f"changes colours, which needs 1 or 3 channels and not {channels}; bg takes any number"
    if "filter" in PIPES[pipe] and resolution < SMALLEST_FILTERED_SIDE:
        return f"filters images, which needs {SMALLEST_FILTERED_SIDE} pixels a side and not {resolution}; bgc takes any"
    return None


class NoAugment(Spec):
    """No augmentation."""

    module: ClassVar[str] = "trainer.augment.none"
    type: Literal["none"] = "none"


class FixedAugment(Spec):
    """Every transform of the pipe is applied with the same constant probability p."""

    module: ClassVar[str] = "trainer.augment.fixed"
    type: Literal["fixed"] = "fixed"
    pipe: Pipe = "bgc"
    p: Probability


class Adaptive(Spec):
    """Adapt p to keep the overfitting heuristic at `target` (Karras et al. 2020, Sec. 3.2, Eq. 1).

    `heuristic` r_t needs no validation images; r_v does, and its target is 0.5 in the official code. `horizon_kimg` is
    the number of thousands of images in which p can go from 0 to 1. `p_max` is our addition; the paper has none.
    """

    heuristic: Literal["rt", "rv"] = "rt"
    target: Fraction = 0.6
    interval: PositiveInt = 4
    horizon_kimg: Positive = 500.0
    p_initial: Probability = 0.0
    p_max: Positive | None = None


class AdaAugment(Adaptive):
    """Adaptive discriminator augmentation: p is the probability of every transform of the pipe."""

    module: ClassVar[str] = "trainer.augment.ada"
    type: Literal["ada"] = "ada"
    pipe: Pipe = "bgc"


class PaGan(Adaptive):
    """Progressive augmentation (Zhang and Khoreva 2019), compared in the ADA paper, App. D; images stay unchanged.

    Random bits enter the discriminator at FromRGB, and their parity flips its output; 16 p of 16 bits are used.
    `fade` selects when the next bit fades in: as in the paper's text, or half a bit later as in its code.
    """

    module: ClassVar[str] = "trainer.augment.pagan"
    type: Literal["pagan"] = "pagan"
    target: Fraction = 0.95
    fade: Literal["code", "paper"] = "code"


class AdaptiveDropout(Adaptive):
    """Multiplicative noise exp(p N(0, 1)) on the discriminator's features; images stay unchanged (ADA, App. D)."""

    module: ClassVar[str] = "trainer.augment.adaptive_dropout"
    type: Literal["adaptive-dropout"] = "adaptive-dropout"


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Policy = Literal["color", "translation", "cutout"]
Policies = Annotated[tuple[Policy, ...], BeforeValidator(_listed, json_schema_input_type=str | list[Policy])]


class DiffAugment(Spec):
    """DiffAugment (Zhao et al. 2020): apply each entry of `policy` to every image, in the given order.

    R1 is the gradient with respect to the augmented image in the authors' code for FFHQ and CIFAR, and to the original
    image in their low-shot code. `applied_to` offers the paper's ablations: reals only, and discriminator only (not
    while the generator is trained); both leak.
    """

    module: ClassVar[str] = "trainer.augment.differentiable"
    type: Literal["diffaugment"] = "diffaugment"
    policy: Policies = Field(default=("color", "translation", "cutout"), min_length=1)
    r1_at: Literal["augmented", "input"] = "augmented"
    applied_to: Literal["all", "reals", "discriminator"] = "all"


SingleTransform = Literal["translation", "flip", "rotation"]


class DatasetAugment(Spec):
    """Data set augmentation: applied to real images only, so it leaks into generated ones (ADA, Sec. 2)."""

    module: ClassVar[str] = "trainer.augment.dataset"
    type: Literal["dataset"] = "dataset"
    transform: SingleTransform = "translation"


AnyAugment = Annotated[
    NoAugment | FixedAugment | AdaAugment | PaGan | AdaptiveDropout | DiffAugment | DatasetAugment,
    Field(discriminator="type"),
]
