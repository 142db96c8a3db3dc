"""Latent consistency regularisation (Zhao et al. 2021, Sec. 3.2): z' = z + radius n.

G should move G(z) and G(z') apart, D should give them similar logits. Both images are generated as in training, with
independent noise and style mixing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.config.methods import LatentConsistency
from trainer.methods.bcr import inconsistency
from trainer.objectives.method import DiscriminatorPenaltyInputs, GeneratorPenaltyInputs, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def distance(first: Float[Tensor, "n c h w"], second: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Return the mean of (a - b)^2 over the pixels of each image."""
    return (first - second).square().mean(dim=(1, 2, 3))


@implements(LatentConsistency)
class LatentConsistencyRegularizer(Method):
    """Compares images of nearby latents in both phases."""

    def __init__(self, spec: LatentConsistency) -> None:
        self.spec = spec

    def generator_penalty(self, inputs: GeneratorPenaltyInputs) -> PhaseResult:
        apart = distance(inputs.images, self._neighbours(inputs))
        return PhaseResult(apart * -self.spec.generator_weight, {"Loss/zcr/distance": apart.detach()})

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        with torch.no_grad():
            images = self._neighbours(inputs)
        penalty = inconsistency(
            inputs.fake_logits, inputs.augmented_discriminator.scores(images, inputs.micro_batch.gen_c)
        )
        return PhaseResult(penalty * self.spec.discriminator_weight, {"Loss/zcr/logits": penalty.detach()})

    def _neighbours(self, inputs: GeneratorPenaltyInputs | DiscriminatorPenaltyInputs) -> Float[Tensor, "n c h w"]:
        micro_batch, generation = inputs.micro_batch, inputs.generation
        near = micro_batch.z + self.spec.radius * torch.randn_like(micro_batch.z)
        return generation.images(generation.latents(near, micro_batch.gen_c))
