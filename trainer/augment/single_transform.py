"""A single transform applied to every image: T of consistency regularisation and of data set augmentation."""

from collections.abc import Mapping
from math import pi

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.pipe import AugmentPipe
from trainer.augment.transforms.base import Transform
from trainer.augment.transforms.geometric import IntegerTranslation, Rotation, XFlip
from trainer.config.augment import SingleTransform

SHIFT = 8 / 256
ANGLE = pi / 4

TRANSFORMS: Mapping[str, Transform] = {
    "translation": IntegerTranslation(max=SHIFT),
    "flip": XFlip(),
    "rotation": Rotation(max=ANGLE / pi),
}


class Always:
    """A transform with probability 1: translation by up to 1/32 of the side, random flip, or rotation by up to 45°."""

    def __init__(self, transform: SingleTransform) -> None:
        self._pipe = AugmentPipe({transform: 1.0}, TRANSFORMS)

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Return T(x), with independent random numbers for each image."""
        changed: Tensor = self._pipe(images, torch.ones([]))
        return changed
