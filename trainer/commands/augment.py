"""python -m trainer augment: what the augmentation pipe does to an image (Karras et al. 2020, Fig. 2c, 22, 23)."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import QuantileDraws
from trainer.augment.pipe import AugmentPipe, named_pipe
from trainer.augment.transforms.table import GROUPS, TRANSFORMS
from trainer.commands.project import read_image
from trainer.config.augment import PIPES
from trainer.images.grids import tile, to_uint8, write_png
from trainer.runtime.console import result
from trainer.runtime.randomness import seed_everything

SHOWN_P = [0.0, 0.1, 0.2, 0.3, 0.5, 0.8]
Images = Float[Tensor, "n 3 side side"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example:\n  python -m trainer augment photo.jpg sheet.png --p 0 0.2 0.5 0.8 --columns 6"
    parser.add_argument("image", type=Path, help="its middle square is scaled to --resolution")
    parser.add_argument("target", type=Path, help="the PNG to write")
    parser.add_argument("--resolution", type=int, default=128, help="side of every picture in pixels (default: 128)")
    parser.add_argument(
        "--p", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3, 0.5, 0.8], help="a row of draws for each"
    )
    parser.add_argument("--pipe", choices=sorted(PIPES), default="bgc", help="(default: bgc)")
    parser.add_argument("--columns", type=int, default=6, help="draws in a row (default: 6)")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--percentiles", type=float, nargs="+", help="instead: a row per transform, its parameters at these (0 to 100)"
    )


@torch.inference_mode()
def execute(arguments: argparse.Namespace) -> int:
    """Write the sheet."""
    image = read_image(arguments.image, 3, arguments.resolution)
    if arguments.percentiles:
        images, columns = at_percentiles(image, arguments.percentiles), len(arguments.percentiles)
    else:
        images, columns = at_random(image, arguments), arguments.columns
    write_png(arguments.target, tile(to_uint8(images), columns))
    result(f"{arguments.target}: {len(images) // columns} rows of {columns}")
    return 0


def at_random(image: Float[Tensor, "1 3 side side"], arguments: argparse.Namespace) -> Images:
    """Return a row of draws for every p. A row depends on the seed and its p alone."""
    rows, pipe = [], named_pipe(arguments.pipe)
    for p in arguments.p:
        seed_everything(arguments.seed, "augment", round(p * 1000))
        rows.append(pipe(image.repeat(arguments.columns, 1, 1, 1), torch.tensor(p)))
    return torch.cat(rows)


def at_percentiles(image: Float[Tensor, "1 3 side side"], percentiles: Sequence[float]) -> Images:
    """Return a row for every transform of the pipe but the second rotation, the others at rest."""
    field = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    names = [name for group in GROUPS.values() for name in group if name != "rotate_post"]
    assert set(names) < set(TRANSFORMS)
    always = torch.tensor(1.0)
    return torch.cat(
        [
            AugmentPipe({name: 1.0})(image, always, QuantileDraws(percentile / 100, field))
            for name in names
            for percentile in percentiles
        ]
    )
