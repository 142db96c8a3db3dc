"""What stands between images and discriminator (Karras et al. 2020, "Training GANs with limited data", and rivals).

It is one choice: what needs a discriminator without image augmentation (PA-GAN, adaptive dropout) takes its place.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from trainer.config.spec import Fraction, Positive, PositiveInt, Probability, Spec

Group = Literal["blit", "geom", "color", "filter", "noise", "cutout"]
Single = Literal["scale", "rotate90"]
"""Pipes of one transform: isotropic scaling and quarter turns, whose leaking the ADA paper shows (Fig. 3)."""

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


class Adaptive(Spec):
    """A p that moves so that the overfitting heuristic stays at `target` (Karras et al. 2020, Sec. 3.2, Eq. 1).

    `heuristic` r_t needs no validation images; r_v does, and its target is 0.5 in the official code. `horizon_kimg` is
    the number of thousands of images in which p can go from 0 to 1. `p_max` is a variant of ours: the paper has none.
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
    """Progressive augmentation (Zhang and Khoreva 2019), no images changed; comparison of the ADA paper, App. D.

    Random bits enter the discriminator at FromRGB, and their parity flips its output; 16 p of 16 bits are in use.
    `fade` says when the next bit comes in: as the paper's text has it, or half a bit later as its code.
    """

    module: ClassVar[str] = "trainer.augment.pagan"
    type: Literal["pagan"] = "pagan"
    target: Fraction = 0.95
    fade: Literal["code", "paper"] = "code"


class AdaptiveDropout(Adaptive):
    """Multiplicative noise on the features of the discriminator, exp(p N(0, 1)); no images changed (ADA, App. D)."""

    module: ClassVar[str] = "trainer.augment.adaptive_dropout"
    type: Literal["adaptive-dropout"] = "adaptive-dropout"


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Policy = Literal["color", "translation", "cutout"]
Policies = Annotated[tuple[Policy, ...], BeforeValidator(_listed, json_schema_input_type=str | list[Policy])]


class DiffAugment(Spec):
    """DiffAugment (Zhao et al. 2020): every image is changed by each entry of `policy`, in the order given.

    R1 is the gradient with respect to the augmented image in the authors' code for FFHQ and CIFAR, to the image before
    in their low-shot code. `applied_to` has the paper's ablations: reals only, and discriminator only (not when the
    generator is trained); both leak.
    """

    module: ClassVar[str] = "trainer.augment.differentiable"
    type: Literal["diffaugment"] = "diffaugment"
    policy: Policies = Field(default=("color", "translation", "cutout"), min_length=1)
    r1_at: Literal["augmented", "input"] = "augmented"
    applied_to: Literal["all", "reals", "discriminator"] = "all"


SingleTransform = Literal["translation", "flip", "rotation"]


class DatasetAugment(Spec):
    """Augmentation of the data set: every real image is changed and no generated one, so it leaks (ADA, Sec. 2)."""

    module: ClassVar[str] = "trainer.augment.dataset"
    type: Literal["dataset"] = "dataset"
    transform: SingleTransform = "translation"


AnyAugment = Annotated[
    NoAugment | FixedAugment | AdaAugment | PaGan | AdaptiveDropout | DiffAugment | DatasetAugment,
    Field(discriminator="type"),
]
