"""Phases in the setting of the reference: constant noise, no style mixing, given path length noise."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.config.training import Logistic
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.logistic import LogisticObjective
from trainer.objectives.phases import Phase
from trainer.objectives.regularised import Intervals

OFFICIAL = Intervals(generator=4, discriminator=16)
FIELDS = {
    "r1_gamma": "r1_gamma",
    "pl_weight": "path_length_weight",
    "pl_decay": "path_length_decay",
    "pl_batch_shrink": "path_length_batch_shrink",
}
DEFAULTS = {"r1_gamma": 10.0}


def loss_of(arguments: dict[str, Any]) -> Logistic:
    """Return the objective for keyword arguments of the reference's loss; styles are never mixed."""
    unknown = set(arguments) - set(FIELDS) - {"style_mixing_prob"}
    assert not unknown, f"loss arguments without a counterpart: {sorted(unknown)}"
    known = DEFAULTS | {key: value for key, value in arguments.items() if key in FIELDS}
    return Logistic(**{FIELDS[key]: value for key, value in known.items()}, style_mixing=0.0)


def objective(
    generator: Generator,
    discriminator: Discriminator,
    loss: dict[str, Any],
    augment_images: Callable[[Tensor], Tensor] = lambda x: x,
) -> LogisticObjective:
    """Return the objective for keyword arguments of the reference's loss."""
    augmented_discriminator = AugmentedDiscriminator(discriminator, lambda images, _role: augment_images(images))
    return LogisticObjective(loss_of(loss), generator, augmented_discriminator, OFFICIAL, noise_mode="const")


def phase(objective: LogisticObjective, name: str) -> Phase | None:
    """Return the phase `name`, None if a weight of 0 omits it."""
    return next((phase for phase in objective.phases if phase.name == name), None)
