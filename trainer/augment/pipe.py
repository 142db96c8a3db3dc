"""The augmentation pipe: geometry, colour, image-space filtering, noise and cutout, in this order."""

from collections.abc import Callable, Mapping
from functools import partial, reduce

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.augment.colour_stage import recolour
from trainer.augment.draws import Draws, RandomDraws
from trainer.augment.filter_stage import equalise
from trainer.augment.transforms.base import Colouring, Corruption, Filtering, Geometric, Parameters, Transform
from trainer.augment.transforms.table import GROUPS, TRANSFORMS
from trainer.augment.warp import warp
from trainer.config.augment import PIPES, Pipe

Images = Float[Tensor, "n c h w"]
Roll = Callable[[str], Parameters]
CHANCE = RandomDraws()


class AugmentPipe(nn.Module):
    """Augment images at random: each transform is applied with probability p times its strength.

    Differentiable twice in the images, not in p (Karras et al. 2020, Sec. 2.2 and App. B).

    Args:
        strengths: from 0 to 1, by the name of a transform; missing ones are 0.
        transforms: what the names mean, in the order of application.
    """

    def __init__(self, strengths: Mapping[str, float], transforms: Mapping[str, Transform] = TRANSFORMS) -> None:
        super().__init__()
        if unknown := strengths.keys() - transforms.keys():
            raise ValueError(f"unknown transforms: {', '.join(sorted(unknown))}")
        self._transforms = {name: transform for name, transform in transforms.items() if strengths.get(name, 0) > 0}
        self._strengths = dict(strengths)

    def forward(self, images: Images, p: Float[Tensor, ""], draws: Draws = CHANCE) -> Images:
        """Return the augmented images, in the same shape."""
        roll = partial(self._roll, draws=draws, p=p, images=images)
        images = self._warped(images, roll)
        images = self._recoloured(images, roll)
        images = self._equalised(images, roll)
        return self._corrupted(images, roll, draws)

    def _roll(self, name: str, draws: Draws, p: Float[Tensor, ""], images: Images) -> Parameters:
        """Return the parameters [n k] of a transform for each image, zero where its gate is closed."""
        transform = self._transforms[name]
        parameters = transform.draw(draws, images.new_empty(len(images), transform.parameters))
        probability = transform.probability(p * self._strengths[name])
        return parameters * draws.gates(name, probability, parameters[:, :1])

    def _warped(self, images: Images, roll: Roll) -> Images:
        """Apply G = G_k … G_1 through its inverse G_1^-1 … G_k^-1."""
        size = images.shape[2:]
        inverses = [t.inverse(roll(name), *size) for name, t in self._transforms.items() if isinstance(t, Geometric)]
        return warp(images, reduce(torch.matmul, inverses)) if inverses else images

    def _recoloured(self, images: Images, roll: Roll) -> Images:
        """Apply C = C_k … C_1."""
        matrices = [t.matrix(roll(name)) for name, t in self._transforms.items() if isinstance(t, Colouring)]
        return recolour(images, reduce(torch.matmul, reversed(matrices))) if matrices else images

    def _equalised(self, images: Images, roll: Roll) -> Images:
        """Multiply the bands by the product of all gains."""
        gains = [t.gains(roll(name)) for name, t in self._transforms.items() if isinstance(t, Filtering)]
        return equalise(images, reduce(torch.mul, gains)) if gains else images

    def _corrupted(self, images: Images, roll: Roll, draws: Draws) -> Images:
        """Add noise, cut out."""
        for name, transform in self._transforms.items():
            if isinstance(transform, Corruption):
                images = transform.apply(images, roll(name), draws)
        return images


def transforms_of(name: Pipe) -> list[str]:
    """Return the names of the transforms in a pipe of the paper."""
    groups: dict[str, tuple[str, ...]] = {str(group): names for group, names in GROUPS.items()}
    return [transform for part in PIPES[name] for transform in groups.get(part, (part,))]


def named_pipe(name: Pipe) -> AugmentPipe:
    """Return a pipe of the paper, every transform at strength 1."""
    return AugmentPipe(dict.fromkeys(transforms_of(name), 1.0))
