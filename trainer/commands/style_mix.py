"""python -m trainer style-mix: the coarse styles of one seed with the fine styles of another (StyleGAN, Fig. 3)."""

import argparse
import sys
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.images.grids import sheet_of, write_png
from trainer.images.latents import class_rows, load_generator, parse_seeds, z_of_seeds


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "example:\n  python -m trainer style-mix best.safetensors mix.png --rows 0-5 --columns 10-19 --layers 0-3"
    )
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("target", type=Path, help="the PNG to write")
    parser.add_argument("--rows", type=parse_seeds, default=parse_seeds("0-5"), help="seeds that give the rest")
    parser.add_argument("--columns", type=parse_seeds, default=parse_seeds("10-19"), help="seeds that give --layers")
    parser.add_argument("--layers", type=parse_seeds, default=parse_seeds("0-3"), help="the layers taken from a column")
    parser.add_argument("--psi", type=float, default=1.0, help="truncation (default: 1, none)")
    parser.add_argument("--class", dest="label", type=int, help="the class, for a conditional network")


def execute(arguments: argparse.Namespace) -> int:
    """Write a sheet: row seeds down the left side, column seeds along the top, mixtures between them."""
    generator = load_generator(arguments.snapshot)
    rows, columns = (
        generator.mapping(z, class_rows(generator, arguments.label, len(z)), arguments.psi)
        for z in (z_of_seeds(seeds, generator.z_dim) for seeds in (arguments.rows, arguments.columns))
    )
    write_png(arguments.target, sheet_of(generator, mixtures(rows, columns, arguments.layers), len(columns) + 1))
    sys.stdout.write(f"{arguments.target}: {len(rows)} rows, {len(columns)} columns, layers {arguments.layers}\n")
    return 0


def mixtures(
    rows: Float[Tensor, "r layers wdim"], columns: Float[Tensor, "k layers wdim"], layers: list[int]
) -> Float[Tensor, "cells layers wdim"]:
    """Return the ws [(r+1)*(k+1) layers wdim] of a mixing sheet; its first cell repeats the mean of the columns."""
    table = [torch.cat([columns.mean(dim=0, keepdim=True), columns])]
    for row in rows:
        mixed = row.repeat(len(columns), 1, 1)
        mixed[:, layers] = columns[:, layers]
        table.append(torch.cat([row[None], mixed]))
    return torch.cat(table)
