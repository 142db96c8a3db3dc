"""Balanced consistency regularisation (Zhao et al. 2021, "Improved consistency regularization for GANs", Sec. 3.1).

With `fake_weight: 0` it is consistency regularisation (Zhang et al. 2020) as in the code of DiffAugment.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.diffaugment import diff_augment
from trainer.augment.single_transform import Always
from trainer.config.methods import BalancedConsistency
from trainer.objectives.method import DiscriminatorPenaltyInputs, Images, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def inconsistency(first: Float[Tensor, "n 1"], second: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return (D(a) - D(b))^2; the gradient flows through both."""
    return (first - second).squeeze(1).square()


def flip_and_shift(images: Images) -> Images:
    """Return images flipped at random, then moved by up to 1/8 of the side, each with its own random numbers."""
    is_flipped = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return diff_augment(torch.where(is_flipped, images.flip(3), images), ["translation"])


@implements(BalancedConsistency)
class ConsistencyRegularizer(Method):
    """T is applied to the images that D sees. The generator is trained without T, which is why T leaks.

    `transform` is None where D(A x) should equal D(x).
    """

    def __init__(self, spec: BalancedConsistency) -> None:
        self.spec, self.transform = spec, _transform(spec)

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        augmented_discriminator, micro_batch = inputs.augmented_discriminator, inputs.micro_batch
        other_real = self.transform(inputs.real_shown) if self.transform else inputs.real
        other_fake = self.transform(inputs.fake_shown) if self.transform else inputs.fake
        real = inconsistency(augmented_discriminator.scores(other_real, micro_batch.real_c), inputs.real_logits)
        fake = inconsistency(augmented_discriminator.scores(other_fake, micro_batch.gen_c), inputs.fake_logits)
        loss = real * self.spec.real_weight + fake * self.spec.fake_weight
        return PhaseResult(loss, {"Loss/bcr/real": real.detach(), "Loss/bcr/fake": fake.detach()})


def _transform(spec: BalancedConsistency) -> Callable[[Images], Images] | None:
    if spec.transform == "none":
        return None
    return flip_and_shift if spec.transform == "flip-shift" else Always(spec.transform)
