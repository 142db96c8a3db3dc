"""Latent consistency regularisation (Zhao et al. 2021, Sec. 3.2): z' = z + radius n.

G is to bring G(z) and G(z') apart, D is to give them near logits. Both images are made as in training, each with noise
and style mixing of its own.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.config.methods import LatentConsistency
from trainer.methods.bcr import inconsistency
from trainer.objectives.method import DiscriminatorScene, GeneratorScene, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def distance(first: Float[Tensor, "n c h w"], second: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Return the mean of (a - b)^2 over the pixels of each image."""
    return (first - second).square().mean(dim=(1, 2, 3))


@implements(LatentConsistency)
class LatentConsistencyRegularizer(Method):
    """Compares images of near latents in both phases."""

    def __init__(self, spec: LatentConsistency) -> None:
        self.spec = spec

    def generator_penalty(self, scene: GeneratorScene) -> PhaseResult:
        apart = distance(scene.images, self._neighbours(scene))
        return PhaseResult(apart * -self.spec.generator_weight, {"Loss/zcr/distance": apart.detach()})

    def discriminator_penalty(self, scene: DiscriminatorScene) -> PhaseResult:
        with torch.no_grad():
            images = self._neighbours(scene)
        penalty = inconsistency(scene.fake_logits, scene.critic.scores(images, scene.shard.gen_c))
        return PhaseResult(penalty * self.spec.discriminator_weight, {"Loss/zcr/logits": penalty.detach()})

    def _neighbours(self, scene: GeneratorScene | DiscriminatorScene) -> Float[Tensor, "n c h w"]:
        shard, generation = scene.shard, scene.generation
        near = shard.z + self.spec.radius * torch.randn_like(shard.z)
        return generation.images(generation.latents(near, shard.gen_c))
