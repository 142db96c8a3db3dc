"""The least memory that training needs: a lower bound, to refuse what cannot fit."""

import os

from trainer.config.networks.stylegan2 import StyleGan2Discriminator
from trainer.config.networks.stylegan_progan import ProGanDiscriminator
from trainer.config.train import TrainConfig

GIB = 2**30
WEIGHT_BYTES, ACTIVATION_BYTES = 4, 2
VALUES_PER_GENERATOR_WEIGHT, VALUES_PER_DISCRIMINATOR_WEIGHT = 4, 3
"""The weight itself, two moments of Adam, and the generator's moving average."""

LARGEST_GPU_GIB = 300
"""More than any GPU has."""


def least_gib(config: TrainConfig) -> float:
    """Return the memory in GiB without which a configuration cannot be trained.

    It holds one 3x3 convolution at every resolution with its optimizer, and one feature map of every layer of a
    micro-batch.
    """
    resolution = config.data.resolution
    sides = [2**power for power in range(2, resolution.bit_length())]
    widths = {side: config.generator.width(side, resolution) for side in sides}
    weights = VALUES_PER_GENERATOR_WEIGHT * _weights([*widths.values()])
    if isinstance(config.discriminator, StyleGan2Discriminator | ProGanDiscriminator):
        weights += VALUES_PER_DISCRIMINATOR_WEIGHT * _weights([config.discriminator.width(side) for side in sides])
    features: int = config.micro_batch * sum(width * side * side for side, width in widths.items())
    return (WEIGHT_BYTES * weights + ACTIVATION_BYTES * features) / GIB


def machine_gib() -> float:
    """Return the memory of this machine in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


def _weights(widths: list[int]) -> int:
    return sum(9 * width * width for width in widths)
