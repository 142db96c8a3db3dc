"""Orthogonal regularisation (Brock et al. 2019, Eq. 3): beta ||W^T W * (1 - I)||_F^2 over the weights of a network."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.methods import OrthogonalRegularisation
from trainer.objectives.method import DiscriminatorPenaltyInputs, GeneratorPenaltyInputs, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def crosstalk(weight: Float[Tensor, "o *i"]) -> Float[Tensor, ""]:
    """Return the sum of squared scalar products of distinct filters, the rows of the weight as a matrix."""
    rows = weight.flatten(1)
    gram = rows @ rows.T
    return (gram - torch.diag(gram.diagonal())).square().sum()


def network_crosstalk(network: nn.Module) -> Float[Tensor, ""]:
    """Return the sum over all trainable weights with at least two axes, except class embeddings."""
    weights = [p for name, p in network.named_parameters() if p.ndim >= 2 and "embed" not in name and p.requires_grad]
    return torch.stack([crosstalk(weight) for weight in weights]).sum()


@implements(OrthogonalRegularisation)
class OrthogonalRegularizer(Method):
    """Adds the penalty to the main phase of either network, unless its weight is zero."""

    def __init__(self, spec: OrthogonalRegularisation) -> None:
        self.spec = spec

    def generator_penalty(self, inputs: GeneratorPenaltyInputs) -> PhaseResult | None:
        return _penalty(self.spec.beta, inputs.generation.generator, "G", inputs.logits)

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult | None:
        return _penalty(
            self.spec.discriminator_beta, inputs.augmented_discriminator.discriminator, "D", inputs.real_logits
        )


def _penalty(beta: float, network: nn.Module, name: str, logits: Float[Tensor, "n 1"]) -> PhaseResult | None:
    """Return the penalty, repeated for every sample, since the mean is trained on."""
    if not beta:
        return None
    penalty = network_crosstalk(network).expand(len(logits))
    return PhaseResult(penalty * beta, {f"Loss/orthogonal/{name}": penalty.detach()})
