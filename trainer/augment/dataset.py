"""Augmentation of the data set alone, which leaks into generated images: the problem that ADA avoids."""

from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import Role
from trainer.augment.augmenter import Augmenter
from trainer.augment.pipe import AugmentPipe
from trainer.augment.single_transform import Always
from trainer.config.augment import DatasetAugment
from trainer.registry import implements


@implements(DatasetAugment)
class DatasetAugmenter(Augmenter):
    """Augments real images only."""

    def __init__(self, spec: DatasetAugment) -> None:
        super().__init__(AugmentPipe({}), p=0.0)
        self._change = Always(spec.transform)

    def images(self, images: Float[Tensor, "n c h w"], role: Role = "real") -> Float[Tensor, "n c h w"]:
        return self._change(images) if role == "real" else images
