"""Latents and classes for the commands that generate images from a snapshot."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.errors import UserError
from trainer.model.network import GeneratorNetwork
from trainer.runtime.randomness import generator_of
from trainer.state.snapshot import load_network


def load_generator(path: Path) -> GeneratorNetwork:
    """Return the moving average of a snapshot's generator."""
    network = load_network(path)
    assert isinstance(network, GeneratorNetwork)
    return network


def z_of_seeds(seeds: list[int], z_dim: int, threshold: float | None = None) -> Float[Tensor, "n {z_dim}"]:
    """Return z [n zdim], each row a function of its seed alone, truncated if a threshold is given."""
    draws = [generator_of("latent", seed) for seed in seeds]
    return torch.stack([resampled(torch.randn(z_dim, generator=each), threshold, each) for each in draws])


def resampled(z: Float[Tensor, " zdim"], threshold: float | None, draws: torch.Generator) -> Float[Tensor, " zdim"]:
    """Return z with entries beyond +-threshold resampled (Brock et al. 2019, Sec. 3.1)."""
    while threshold is not None and (beyond := z.abs() > threshold).any():
        z = torch.where(beyond, torch.randn(z.shape, generator=draws), z)
    return z


def class_rows(generator: GeneratorNetwork, label: int | None, count: int) -> Float[Tensor, "{count} cdim"]:
    """Return c [n cdim]: one-hot rows of class `label`, or cdim 0 for an unconditional network.

    Raises UserError if the class is missing, out of range, or the network is unconditional.
    """
    classes = generator.condition_dim
    if not classes:
        if label is not None:
            raise UserError("--class", "this network is unconditional", "remove the option")
        return torch.zeros(count, 0)
    if label is None or not 0 <= label < classes:
        raise UserError("--class", f"{label} is not a class of this network", f"give one from 0 to {classes - 1}")
    return torch.eye(classes)[label].repeat(count, 1)
