"""Balanced consistency regularisation (Zhao et al. 2021, "Improved consistency regularization for GANs", Sec. 3.1)."""

from jaxtyping import Float
from torch import Tensor

from trainer.augment.single_transform import Always
from trainer.config.methods import BalancedConsistency
from trainer.objectives.method import DiscriminatorPenaltyInputs, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def inconsistency(first: Float[Tensor, "n 1"], second: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return (D(a) - D(b))^2; the gradient flows through both."""
    return (first - second).squeeze(1).square()


@implements(BalancedConsistency)
class ConsistencyRegularizer(Method):
    """T is applied to the images that D sees. The generator is trained without T, which is why T leaks."""

    def __init__(self, spec: BalancedConsistency) -> None:
        self.spec, self.transform = spec, Always(spec.transform)

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        augmented_discriminator, micro_batch = inputs.augmented_discriminator, inputs.micro_batch
        real = inconsistency(
            augmented_discriminator.scores(self.transform(inputs.real_shown), micro_batch.real_c), inputs.real_logits
        )
        fake = inconsistency(
            augmented_discriminator.scores(self.transform(inputs.fake_shown), micro_batch.gen_c), inputs.fake_logits
        )
        loss = real * self.spec.real_weight + fake * self.spec.fake_weight
        return PhaseResult(loss, {"Loss/bcr/real": real.detach(), "Loss/bcr/fake": fake.detach()})
