"""python -m trainer style-mix: combine the styles of two seeds, layer by layer (StyleGAN, Fig. 3)."""

import sys
from typing import Annotated

import torch
import typer
from jaxtyping import Float
from torch import Tensor

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import ClassOption, PngArgument, PsiOption, SnapshotArgument, parse_seeds
from trainer.errors import UserError
from trainer.images.grids import sheet_of, write_png
from trainer.images.latents import class_rows, load_generator, z_of_seeds

EXAMPLES = """Example:
  python -m trainer style-mix best.safetensors mix.png --rows 0-5 --layers 0-3
"""
RowsOption = Annotated[str, typer.Option("--rows", help="Seeds of the rows, for the remaining layers.")]
ColumnsOption = Annotated[str, typer.Option("--columns", help="Seeds of the columns, for --layers.")]
LayersOption = Annotated[str, typer.Option("--layers", help="Layers taken from the column's seed.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def style_mix(
    snapshot: SnapshotArgument,
    target: PngArgument,
    rows: RowsOption = "0-5",
    columns: ColumnsOption = "10-19",
    layers: LayersOption = "0-3",
    psi: PsiOption = 1.0,
    label: ClassOption = None,
) -> int:
    """Mix the styles of two sets of seeds: one down the left side, one along the top."""
    seeds = parse_seeds("--rows", rows), parse_seeds("--columns", columns)
    taken = parse_seeds("--layers", layers)
    generator = load_generator(snapshot)
    _require_layers(taken, generator.num_ws)
    left, top = (
        generator.mapping(z, class_rows(generator, label, len(z)), psi)
        for z in (z_of_seeds(of_side, generator.z_dim) for of_side in seeds)
    )
    write_png(target, sheet_of(generator, mixtures(left, top, taken), len(top) + 1))
    sys.stdout.write(f"{target}: {len(left)} rows, {len(top)} columns, layers {taken}\n")
    return 0


def _require_layers(layers: list[int], there: int) -> None:
    """Raise UserError if a network has not all of these layers."""
    if max(layers) >= there:
        raise UserError("--layers", f"there is no layer {max(layers)}", f"this network has layers 0 to {there - 1}")


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
