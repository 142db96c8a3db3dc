"""DiffAugment as an augmentation of training: which images it applies to, and where R1 is taken."""

from collections.abc import Mapping
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator, Conditions, Images, Logits, Role
from trainer.augment.augmenter import Augmenter
from trainer.augment.diffaugment import diff_augment
from trainer.augment.pipe import AugmentPipe
from trainer.config.augment import DiffAugment
from trainer.model.network import DiscriminatorNetwork
from trainer.registry import implements

APPLIED: Mapping[str, frozenset[Role]] = {
    "all": frozenset({"real", "fake-in-D", "fake-in-G"}),
    "reals": frozenset({"real"}),
    "discriminator": frozenset({"real", "fake-in-D"}),
}


class AugmentedR1(AugmentedDiscriminator):
    """Takes R1 with respect to the augmented images."""

    def for_r1(self, images: Images, c: Conditions, force_fp32: bool = False) -> tuple[Images, Logits]:
        shown = self.shown(images, "real").detach().requires_grad_(True)
        return shown, self.scores(shown, c, force_fp32)


R1_POINTS: Mapping[Literal["augmented", "input"], type[AugmentedDiscriminator]] = {
    "augmented": AugmentedR1,
    "input": AugmentedDiscriminator,
}


@implements(DiffAugment)
class DifferentiableAugmenter(Augmenter):
    """Augments every image in the configured roles, regardless of overfitting."""

    def __init__(self, spec: DiffAugment) -> None:
        super().__init__(AugmentPipe({}), p=0.0)
        self._policy, self._roles = spec.policy, APPLIED[spec.applied_to]
        self._augmented_discriminator = R1_POINTS[spec.r1_at]

    def images(self, images: Float[Tensor, "n c h w"], role: Role = "real") -> Float[Tensor, "n c h w"]:
        return diff_augment(images, self._policy) if role in self._roles else images

    def augmented_discriminator(self, discriminator: DiscriminatorNetwork) -> AugmentedDiscriminator:
        return self._augmented_discriminator(discriminator, self.images)
