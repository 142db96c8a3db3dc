"""Networks small enough to differentiate numerically."""

from typing import Any

import torch

from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator


def tiny_generator(resolution: int = 8, channels: int = 1, condition_dim: int = 0, **settings: Any) -> Generator:
    """Return a generator with every bias and noise strength off zero, the same at every call."""
    defaults = {"z_dim": 4, "w_dim": 4, "mapping_layers": 2, "channel_base": 32, "channel_max": 4}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Generator(StyleGan2Generator(**defaults | settings), resolution, channels, condition_dim)
        shake(network)
    return network


def tiny_discriminator(
    resolution: int = 8, channels: int = 1, condition_dim: int = 0, **settings: Any
) -> Discriminator:
    """Return a discriminator with every bias off zero, the same at every call."""
    defaults = {"channel_base": 32, "channel_max": 4, "mapping_layers": 2}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = Discriminator(StyleGan2Discriminator(**defaults | settings), resolution, channels, condition_dim)
        shake(network)
    return network


def shake(network: torch.nn.Module) -> None:
    """Add small random numbers to biases and noise strengths."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim < 2:
                parameter.add_(torch.randn_like(parameter) * 0.2)
