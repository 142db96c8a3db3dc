"""Auxiliary rotations (Chen et al. 2019, "Self-supervised GANs via auxiliary rotation loss").

The discriminator has four additional outputs, which predict by how many quarter turns an image is rotated. The scores
of rotated images are not trained on.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from trainer.augment.augmented_discriminator import AugmentedDiscriminator, Role
from trainer.config.methods import AuxiliaryRotation
from trainer.model.layers import FullyConnected
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.objectives.method import DiscriminatorPenaltyInputs, GeneratorPenaltyInputs, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements

TURNS = 4


def rotated(images: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "m c h w"], Int[Tensor, " m"]]:
    """Return m = 4n images, all turned by 0, then by 1, 2, 3 quarters counterclockwise, and these numbers."""
    turned = [images.rot90(turns, (2, 3)) for turns in range(TURNS)]
    return torch.cat(turned), torch.arange(TURNS, device=images.device).repeat_interleave(len(images))


@implements(AuxiliaryRotation)
class RotationTask(Method):
    """Trains both networks to make rotations recognisable: D on real images, G on generated ones."""

    head: FullyConnected

    def __init__(self, spec: AuxiliaryRotation) -> None:
        self.spec = spec

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:  # noqa: ARG002
        self.head = FullyConnected(discriminator.features_dim, TURNS)
        discriminator.add_module("rotation", self.head)

    def generator_penalty(self, inputs: GeneratorPenaltyInputs) -> PhaseResult:
        error = self._error(inputs.augmented_discriminator, inputs.images, "fake-in-G")
        return PhaseResult(error * self.spec.generator_weight, {"Loss/rotation/fake": error.detach()})

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        error = self._error(inputs.augmented_discriminator, inputs.real, "real")
        return PhaseResult(error * self.spec.discriminator_weight, {"Loss/rotation/real": error.detach()})

    def _error(
        self, augmented_discriminator: AugmentedDiscriminator, images: Tensor, role: Role
    ) -> Float[Tensor, " n"]:
        """Return the cross-entropy of the turns, averaged over the four of each image."""
        turned, turns = rotated(images)
        logits = self.head(augmented_discriminator.features(augmented_discriminator.shown(turned, role)))
        error = functional.cross_entropy(logits, turns, reduction="none")
        return error.view(TURNS, len(images)).mean(dim=0)
