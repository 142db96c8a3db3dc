"""python -m trainer interpolate: an animation that walks from seed to seed through W and back to the first."""

import argparse
import sys
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.images.grids import images_of_ws, write_animation
from trainer.images.latents import class_rows, load_generator, parse_seeds, z_of_seeds


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example:\n  python -m trainer interpolate best.safetensors walk.gif --seeds 0-7 --frames 24"
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("target", type=Path, help="the animation to write: .gif, .webp or .png")
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("0-7"), help="the stations of the walk")
    parser.add_argument("--frames", type=int, default=24, help="frames from one station to the next (default: 24)")
    parser.add_argument("--psi", type=float, default=1.0, help="truncation (default: 1, none)")
    parser.add_argument("--class", dest="label", type=int, help="the class, for a conditional network")


def execute(arguments: argparse.Namespace) -> int:
    """Write the animation."""
    generator = load_generator(arguments.snapshot)
    z = z_of_seeds(arguments.seeds, generator.z_dim)
    stations = generator.mapping(z, class_rows(generator, arguments.label, len(z)), arguments.psi)
    frames = images_of_ws(generator, walk(stations, arguments.frames))
    write_animation(arguments.target, frames)
    sys.stdout.write(f"{arguments.target}: {len(frames)} frames\n")
    return 0


def walk(stations: Float[Tensor, "n layers wdim"], frames: int) -> Float[Tensor, "m layers wdim"]:
    """Return ws [n*frames layers wdim] on straight lines from each of n stations to the next, round to the first."""
    t = torch.arange(frames) / frames
    ends = stations.roll(-1, dims=0)
    return torch.cat([torch.lerp(a, b, t[:, None, None]) for a, b in zip(stations, ends, strict=True)])
