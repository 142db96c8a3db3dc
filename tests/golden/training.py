"""The objective as the reference runs it: constant noise, no style mixing, given path length noise."""

import math
from collections.abc import Callable
from typing import Any

import torch
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


def objective(
    generator: Generator,
    discriminator: Discriminator,
    loss: dict[str, Any],
    augment_images: Callable[[Tensor], Tensor] = lambda x: x,
    intervals: Intervals = OFFICIAL,
) -> LogisticObjective:
    """Return the objective for keyword arguments of the reference's loss."""
    unknown = set(loss) - set(FIELDS) - {"style_mixing_prob"}
    assert not unknown, f"loss arguments without a counterpart: {sorted(unknown)}"
    spec = Logistic(**{FIELDS[key]: value for key, value in loss.items() if key in FIELDS}, style_mixing=0.0)
    augmented_discriminator = AugmentedDiscriminator(discriminator, lambda images, _role: augment_images(images))
    return LogisticObjective(spec, generator, augmented_discriminator, intervals, noise_mode="const")


def phase(objective: LogisticObjective, name: str) -> Phase:
    """Return the phase called `name`."""
    return next(phase for phase in objective.phases if phase.name == name)


def set_path_noise(objective: LogisticObjective, raw: Tensor) -> None:
    """Use the stored unit normal noise; the loss divides it by sqrt(h w)."""
    objective.path_length.noise = lambda images: raw.to(images.dtype) / math.sqrt(images[0, 0].numel())


def one_hot(indices: Any, dim: int, dtype: torch.dtype) -> Tensor:
    """Return conditions [n cdim] of class numbers."""
    index = torch.as_tensor(indices)
    return torch.zeros(len(index), 0, dtype=dtype) if dim == 0 else torch.eye(dim, dtype=dtype)[index]
