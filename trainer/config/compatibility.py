"""What does not go together, as a table: found when a sweep is planned, with what to change.

Some of the published matrix needs no rule: PA-GAN, adaptive dropout and augmentation are one choice (`augment`), R1's
weight belongs to the logistic objective, p to a fixed augmentation, `target` to adaptive ones, a pipe to two of them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from trainer.config.augment import DatasetAugment, NoAugment, PaGan
from trainer.config.methods import (
    AuxiliaryRotation,
    BalancedConsistency,
    LatentConsistency,
    ShallowMapping,
)
from trainer.config.spec import Spec
from trainer.config.training import WganGp

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
    return any(net.precision.dtype != "fp32" and net.precision.top_resolutions for net in networks)


def _clamped(config: "TrainConfig") -> bool:
    return any(net.precision.conv_clamp is not None for net in (config.generator, config.discriminator))


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
    return any(config.generator.mapping_layers <= layers for layers in wanted)


FULL_PRECISION = "computes in fp32 throughout; set generator.precision.dtype and discriminator.precision.dtype to fp32"
NO_CLAMP = "clamps no activations; set generator.precision.conv_clamp and discriminator.precision.conv_clamp to null"
NO_AUGMENT = "is defined without augmentation; set augment to none"
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
)


def chosen(config: "TrainConfig") -> tuple[Spec, ...]:
    """Return the choices of a configuration that rules are about."""
    return (config.objective, config.augment, *config.methods)


def conflicts(config: "TrainConfig") -> list[str]:
    """Return what does not go together, one sentence each."""
    return [
        f"{spec.type} {conflict.advice}"  # type: ignore[attr-defined]
        for spec in chosen(config)
        for conflict in CONFLICTS
        if isinstance(spec, conflict.choice) and conflict.broken(config)
    ]
