"""What does not go together, as a table: found when a sweep is planned, with what to change.

Some of the published matrix needs no rule: PA-GAN, adaptive dropout and augmentation are one choice (`augment`), R1's
weight belongs to the logistic objective, p to a fixed augmentation, `target` to adaptive ones, a pipe to two of them.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from trainer.config.augment import AdaptiveDropout, DatasetAugment, NoAugment, PaGan
from trainer.config.methods import (
    AuxiliaryRotation,
    BalancedConsistency,
    DiscriminatorNoise,
    LatentConsistency,
    ShallowMapping,
    SpectralNormalisation,
)
from trainer.config.networks.biggan import GENERATOR_WIDTHS, BigGanDiscriminator, BigGanGenerator
from trainer.config.networks.stylegan2 import GeneratorSpec, StyleGan2Generator
from trainer.config.networks.stylegan_progan import ProGanDiscriminator, ProGanGenerator, StyleGanGenerator
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.spec import Spec
from trainer.config.training import Regularised, WganGp

if TYPE_CHECKING:
    from trainer.config.train import TrainConfig

SMALLEST_MOVED_SIDE = 32
"""A thirty-second of fewer pixels rounds to none."""


class Conflict(NamedTuple):
    """Holds for a spec of `choice` in a configuration where `broken` does; `advice` says what to change."""

    choice: type[Spec]
    broken: Callable[["TrainConfig"], bool]
    advice: str


def _reduced(config: "TrainConfig") -> bool:
    networks = (config.generator, config.discriminator)
    return any(net.arithmetic.dtype != "fp32" and net.arithmetic.top_resolutions for net in networks)


def _clamped(config: "TrainConfig") -> bool:
    return any(net.arithmetic.conv_clamp is not None for net in (config.generator, config.discriminator))


def _augmented(config: "TrainConfig") -> bool:
    return not isinstance(config.augment, NoAugment)


def _lazy(config: "TrainConfig") -> bool:
    optimizers = (config.generator_optimizer, config.discriminator_optimizer)
    return any(optimizer.regularize_every is not None for optimizer in optimizers)


def _too_small_to_move(config: "TrainConfig") -> bool:
    moved = [spec for spec in chosen(config) if isinstance(spec, BalancedConsistency | DatasetAugment)]
    return config.data.resolution < SMALLEST_MOVED_SIDE and any(spec.transform == "translation" for spec in moved)


def _already_shallow(config: "TrainConfig") -> bool:
    wanted = [method.layers for method in config.methods if isinstance(method, ShallowMapping)]
    generator = config.generator
    if not isinstance(generator, StyleGan2Generator | StyleGanGenerator):
        return False
    return any(generator.mapping_layers <= layers for layers in wanted)


def _maps_nothing(config: "TrainConfig") -> bool:
    return not config.generator.maps


def _mixes_nothing(config: "TrainConfig") -> bool:
    return not config.generator.maps and config.objective.style_mixing > 0


def _has_no_path(config: "TrainConfig") -> bool:
    objective = config.objective
    return not config.generator.maps and isinstance(objective, Regularised) and objective.path_length_weight > 0


def _cannot_grow(config: "TrainConfig") -> bool:
    return not (config.generator.grows and config.discriminator.grows)


def _has_grown(config: "TrainConfig") -> bool:
    resolution = config.data.resolution
    return any(isinstance(m, ProgressiveGrowing) and m.first_resolution >= resolution for m in config.methods)


def _of_other_layers(config: "TrainConfig") -> bool:
    return not config.discriminator.has_style_layers


def _of_no_known_shape(config: "TrainConfig") -> bool:
    return config.data.resolution not in GENERATOR_WIDTHS


def _attends_nowhere(config: "TrainConfig") -> bool:
    size, resolution = getattr(config.generator, "attention", None), config.data.resolution
    return size is not None and not (size in GENERATOR_WIDTHS and size <= resolution)


def _discriminator_attends_nowhere(config: "TrainConfig") -> bool:
    size, resolution = getattr(config.discriminator, "attention", None), config.data.resolution
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
        AuxiliaryRotation, lambda config: config.data.labels, "is for unconditional training; set data.labels to false"
    ),
    Conflict(
        AuxiliaryRotation,
        lambda config: isinstance(config.augment, PaGan),
        "has no bits for the rotated images; set augment to something other than pagan",
    ),
    Conflict(
        BalancedConsistency,
        lambda config: isinstance(config.augment, PaGan),
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
    Conflict(ProGanGenerator, lambda config: config.data.labels, UNLABELLED),
    Conflict(ProGanDiscriminator, lambda config: config.data.labels, UNLABELLED),
    Conflict(
        DiscriminatorNoise,
        lambda config: not isinstance(config.discriminator, ProGanDiscriminator),
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


def chosen(config: "TrainConfig") -> tuple[Spec, ...]:
    """Return the choices of a configuration that rules are about."""
    return (config.generator, config.discriminator, config.objective, config.augment, *config.methods)


def conflicts(config: "TrainConfig") -> list[str]:
    """Return what does not go together, one sentence each."""
    return [
        f"{spec.type} {conflict.advice}"  # type: ignore[attr-defined]
        for spec in chosen(config)
        for conflict in _about(type(spec))
        if conflict.broken(config)
    ]


@cache
def _about(choice: type) -> tuple[Conflict, ...]:
    return tuple(conflict for conflict in CONFLICTS if issubclass(choice, conflict.choice))
