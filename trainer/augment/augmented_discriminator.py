"""The augmented discriminator: D behind the augmentation and whatever a method wraps around it."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.model.network import DiscriminatorNetwork

Images = Float[Tensor, "n c h w"]
Conditions = Float[Tensor, "n cdim"]
Logits = Float[Tensor, "n 1"]

Role = Literal["real", "fake-in-D", "fake-in-G"]
"""The role of an image in a phase: real, generated while training D, or generated while training G."""

Show = Callable[[Tensor, Role], Tensor]


class AugmentedDiscriminator:
    """D behind A: `shown` returns A(x), `scores` returns D of augmented images, `logits` does both."""

    def __init__(self, discriminator: DiscriminatorNetwork, show: Show) -> None:
        self.discriminator, self._show = discriminator, show

    def shown(self, images: Images, role: Role) -> Images:
        """Return A(x): what the discriminator sees."""
        return self._show(images, role)

    def scores(self, images: Images, c: Conditions, force_fp32: bool = False, parts: int = 1) -> Logits:
        """Return D(x, c) without augmenting; `parts` stacked batches are scored independently."""
        logits: Tensor = self.discriminator(images, c, force_fp32, parts)
        return logits

    def scores_of_both(self, one: Images, c1: Conditions, other: Images, c2: Conditions) -> tuple[Logits, Logits]:
        """Return the scores of two batches of equal size, in one pass through D, which saves calls."""
        first, second = self.scores(torch.cat([one, other]), torch.cat([c1, c2]), parts=2).chunk(2)
        return first, second

    def features(self, images: Images) -> Float[Tensor, "n features"]:
        """Return the features of D one layer before its score, without augmenting."""
        return self.discriminator.features(images)

    def logits(self, images: Images, c: Conditions, role: Role, force_fp32: bool = False) -> Logits:
        """Return D(A(x), c)."""
        return self.scores(self.shown(images, role), c, force_fp32)

    def for_r1(self, images: Images, c: Conditions, force_fp32: bool = False) -> tuple[Images, Logits]:
        """Return the images at which R1 is taken (here real images before augmentation), and their logits."""
        images = images.detach().requires_grad_(True)
        return images, self.logits(images, c, "real", force_fp32)
