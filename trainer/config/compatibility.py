"""The table of incompatible settings, checked when a sweep is planned, with advice on what to change.

Some published combinations need no rule, since the types exclude them: PA-GAN, adaptive dropout and augmentation are
one choice (`augment`), R1's weight belongs to the logistic objective, p to fixed augmentation, `target` to adaptive
ones.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, NoReturn

from trainer.config.augment import AdaptiveDropout, AnyAugment, DatasetAugment, NoAugment, PaGan
from trainer.config.dataset.config import DataConfig
from trainer.config.methods import (
    AuxiliaryRotation,
    BalancedConsistency,
    DiscriminatorNoise,
    LatentConsistency,
    Methods,
    ShallowMapping,
    SpectralNormalisation,
)
from trainer.config.networks.biggan import GENERATOR_WIDTHS, BigGanDiscriminator, BigGanGenerator
from trainer.config.networks.choice import AnyDiscriminator, AnyGenerator
from trainer.config.networks.stylegan2 import GeneratorSpec, StyleGan2Generator
from trainer.config.networks.stylegan_progan import ProGanDiscriminator, ProGanGenerator, StyleGanGenerator
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.spec import Spec
from trainer.config.training import Adam, AnyObjective, Regularised, WganGp

SMALLEST_MOVED_SIDE = 32
"""1/32 of a smaller side rounds to zero pixels."""


class WrongPart(Exception):
    """A part of a configuration is itself wrong, and cannot be compared with others."""


class Choices:
    """The parts of a TrainConfig that rules check; a part that is not there raises WrongPart."""

    data: DataConfig
    generator: AnyGenerator
    discriminator: AnyDiscriminator
    objective: AnyObjective
    augment: AnyAugment
    methods: Methods
    generator_optimizer: Adam
    discriminator_optimizer: Adam
    batch: int
    micro_batch: int

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    def __getattr__(self, name: str) -> NoReturn:
        raise WrongPart(name)

    def without(self, name: str) -> "Choices":
        """Return the same without a part."""
        return Choices(**{key: part for key, part in vars(self).items() if key != name})

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Return those choices that rules apply to."""
        there = [getattr(self, name) for name in RULED if name in vars(self)]
        return (*there, *vars(self).get("methods", ()))


RULED = ("generator", "discriminator", "objective", "augment")


class Conflict(NamedTuple):
    """A rule for specs of type `choice`: if `broken` holds for the choices, `advice` explains what to change."""

    choice: type[Spec]
    broken: Callable[[Choices], bool]
    advice: str


def _reduced(choices: Choices) -> bool:
    networks = (choices.generator, choices.discriminator)
    return any(net.arithmetic.dtype != "fp32" and net.arithmetic.top_resolutions for net in networks)


def _clamped(choices: Choices) -> bool:
    return any(net.arithmetic.conv_clamp is not None for net in (choices.generator, choices.discriminator))


def _augmented(choices: Choices) -> bool:
    return not isinstance(choices.augment, NoAugment)


def _lazy(choices: Choices) -> bool:
    optimizers = (choices.generator_optimizer, choices.discriminator_optimizer)
    return any(optimizer.regularize_every is not None for optimizer in optimizers)


def _too_small_to_move(choices: Choices) -> bool:
    moved = [spec for spec in choices.specs if isinstance(spec, BalancedConsistency | DatasetAugment)]
    return choices.data.resolution < SMALLEST_MOVED_SIDE and any(spec.transform == "translation" for spec in moved)


def _already_shallow(choices: Choices) -> bool:
    wanted = [method.layers for method in choices.methods if isinstance(method, ShallowMapping)]
    generator = choices.generator
    if not isinstance(generator, StyleGan2Generator | StyleGanGenerator):
        return False
    return any(generator.mapping_layers <= layers for layers in wanted)


def _maps_nothing(choices: Choices) -> bool:
    return not choices.generator.maps


def _mixes_nothing(choices: Choices) -> bool:
    return not choices.generator.maps and choices.objective.style_mixing > 0


def _has_no_path(choices: Choices) -> bool:
    objective = choices.objective
    return not choices.generator.maps and isinstance(objective, Regularised) and objective.path_length_weight > 0


def _cannot_grow(choices: Choices) -> bool:
    return not (choices.generator.grows and choices.discriminator.grows)


def _has_grown(choices: Choices) -> bool:
    resolution = choices.data.resolution
    return any(isinstance(m, ProgressiveGrowing) and m.first_resolution >= resolution for m in choices.methods)


def _of_other_layers(choices: Choices) -> bool:
    return not choices.discriminator.has_style_layers


def _of_no_known_shape(choices: Choices) -> bool:
    return choices.data.resolution not in GENERATOR_WIDTHS


def _attends_nowhere(choices: Choices) -> bool:
    size, resolution = getattr(choices.generator, "attention", None), choices.data.resolution
    return size is not None and not (size in GENERATOR_WIDTHS and size <= resolution)


def _discriminator_attends_nowhere(choices: Choices) -> bool:
    size, resolution = getattr(choices.discriminator, "attention", None), choices.data.resolution
    return size is not None and not (size in GENERATOR_WIDTHS and size < resolution)


FULL_PRECISION = "computes in fp32 throughout; set generator.precision.dtype and discriminator.precision.dtype to fp32"
NO_CLAMP = "clamps no activations; set generator.precision.conv_clamp and discriminator.precision.conv_clamp to null"
NO_AUGMENT = "is defined without augmentation; set augment to none"
NO_MAPPING = "has no mapping network to"
STYLE_LAYERS = "puts layers of its own between those of StyleGAN; set discriminator.type to stylegan2 or stylegan"
SIZES = f"is defined for images of {', '.join(map(str, GENERATOR_WIDTHS))} pixels; set generator.type to stylegan2"
UNLABELLED = "knows no classes; set data.labels to false"
FLIP = f"moves images by 1/32 of their side, which is no pixel below {SMALLEST_MOVED_SIDE}; set transform to flip"

CONFLICTS = (
    Conflict(WganGp, _augmented, NO_AUGMENT),
    Conflict(WganGp, _reduced, FULL_PRECISION),
    Conflict(
        WganGp,
        _lazy,
        "is regularised in every iteration; set generator_optimizer.regularize_every and "
        "discriminator_optimizer.regularize_every to null",
    ),
    Conflict(LatentConsistency, _augmented, NO_AUGMENT),
    Conflict(LatentConsistency, _reduced, FULL_PRECISION),
    Conflict(LatentConsistency, _clamped, NO_CLAMP),
    Conflict(
        AuxiliaryRotation,
        lambda choices: choices.data.labels,
        "is for unconditional training; set data.labels to false",
    ),
    Conflict(
        AuxiliaryRotation,
        lambda choices: isinstance(choices.augment, PaGan),
        "has no bits for the rotated images; set augment to something other than pagan",
    ),
    Conflict(
        BalancedConsistency,
        lambda choices: isinstance(choices.augment, PaGan),
        "compares logits that pagan flips at random; set augment to something other than pagan",
    ),
    Conflict(BalancedConsistency, _too_small_to_move, FLIP),
    Conflict(DatasetAugment, _too_small_to_move, FLIP),
    Conflict(
        ShallowMapping,
        _already_shallow,
        "changes nothing: generator.mapping_layers is no more than that already; leave the method out, or set "
        "generator.mapping_layers to 8",
    ),
    Conflict(ShallowMapping, _maps_nothing, "needs a mapping network; set generator.type to stylegan2 or stylegan"),
    Conflict(GeneratorSpec, _mixes_nothing, f"{NO_MAPPING} mix styles of; set objective.style_mixing to 0"),
    Conflict(GeneratorSpec, _has_no_path, f"{NO_MAPPING} measure paths of; set objective.path_length_weight to 0"),
    Conflict(
        ProgressiveGrowing,
        _cannot_grow,
        "needs networks that grow; set generator.type and discriminator.type to stylegan or progan",
    ),
    Conflict(
        ProgressiveGrowing, _has_grown, "has nothing to grow: first_resolution is that of the images; set it lower"
    ),
    Conflict(ProGanGenerator, lambda choices: choices.data.labels, UNLABELLED),
    Conflict(ProGanDiscriminator, lambda choices: choices.data.labels, UNLABELLED),
    Conflict(
        DiscriminatorNoise,
        lambda choices: not isinstance(choices.discriminator, ProGanDiscriminator),
        "puts noise before the layers of ProGAN; set discriminator.type to progan",
    ),
    Conflict(SpectralNormalisation, _of_other_layers, STYLE_LAYERS),
    Conflict(PaGan, _of_other_layers, STYLE_LAYERS),
    Conflict(AdaptiveDropout, _of_other_layers, STYLE_LAYERS),
    Conflict(BigGanGenerator, _of_no_known_shape, SIZES),
    Conflict(BigGanDiscriminator, _of_no_known_shape, SIZES),
    Conflict(BigGanGenerator, _attends_nowhere, "has no such resolution to attend to; set generator.attention to null"),
    Conflict(
        BigGanDiscriminator,
        _discriminator_attends_nowhere,
        "has no such resolution to attend to below that of the images; set discriminator.attention to null",
    ),
)


def conflicts(choices: Choices) -> list[str]:
    """Return the incompatibilities among `choices`, one sentence each."""
    return [
        f"{spec.type} {conflict.advice}"  # type: ignore[attr-defined]
        for spec in choices.specs
        for conflict in _about(type(spec))
        if _is_broken(conflict, choices)
    ]


def _is_broken(conflict: Conflict, choices: Choices) -> bool:
    """Return whether a rule is known to be broken."""
    try:
        return conflict.broken(choices)
    except WrongPart:
        return False


@cache
def _about(choice: type) -> tuple[Conflict, ...]:
    return tuple(conflict for conflict in CONFLICTS if issubclass(choice, conflict.choice))
