"""Seeds, latents and classes for the commands that make images from a snapshot."""

import argparse
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.errors import UserError
from trainer.model.generator import Generator
from trainer.randomness import generator_of
from trainer.snapshot import load_network


def parse_seeds(text: str) -> list[int]:
    """Return the numbers of `0-3`, `1,4,9` or a mixture of both.

    Raises argparse.ArgumentTypeError for anything else.
    """
    try:
        ranges = [[int(end) for end in part.split("-")] for part in text.split(",")]
        return [number for ends in ranges for number in range(ends[0], ends[-1] + 1)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: write numbers and ranges, such as 0-59 or 1,4,9") from None


def load_generator(path: Path) -> Generator:
    """Return the moving average of a snapshot's generator."""
    network = load_network(path)
    assert isinstance(network, Generator)
    return network


def z_of_seeds(seeds: list[int], z_dim: int) -> Float[Tensor, "n {z_dim}"]:
    """Return z [n zdim], each row a function of its seed alone."""
    return torch.stack([torch.randn(z_dim, generator=generator_of("latent", seed)) for seed in seeds])


def class_rows(generator: Generator, label: int | None, count: int) -> Float[Tensor, "{count} cdim"]:
    """Return c [n cdim]: one-hot rows of class `label`, or cdim 0 for an unconditional network.

    Raises UserError where a class is missing, out of range or of no use.
    """
    classes = generator.condition_dim
    if not classes:
        if label is not None:
            raise UserError("--class", "this network is unconditional", "leave it out")
        return torch.zeros(count, 0)
    if label is None or not 0 <= label < classes:
        raise UserError("--class", f"{label} is not a class of this network", f"say one from 0 to {classes - 1}")
    return torch.eye(classes)[label].repeat(count, 1)
