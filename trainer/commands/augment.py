"""python -m trainer augment: show the augmentation pipe on an image (Karras et al. 2020, Fig. 2c, 22, 23)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import QuantileDraws
from trainer.augment.pipe import AugmentPipe, named_pipe
from trainer.augment.transforms.table import GROUPS, TRANSFORMS
from trainer.command_line.group import epilog, new_app, taking_several
from trainer.commands.arguments import PngArgument
from trainer.commands.project import read_image
from trainer.config.augment import Pipe
from trainer.images.grids import tile, to_uint8, write_png
from trainer.runtime.console import print_result
from trainer.runtime.randomness import seed_everything

SHOWN_P = [0.0, 0.1, 0.2, 0.3, 0.5, 0.8]
SquareImages = Float[Tensor, "n 3 side side"]

EXAMPLES = """Examples:
  python -m trainer augment photo.jpg sheet.png --p 0 0.2 0.5 0.8 --columns 6
  python -m trainer augment photo.jpg sheet.png --percentiles 5 35 65 95
"""
ImageArgument = Annotated[
    Path, typer.Argument(metavar="IMAGE", help="Image file; its centre square is scaled to --resolution.")
]
ResolutionOption = Annotated[int, typer.Option("--resolution", min=1, help="Side of every picture in pixels.")]
POption = Annotated[
    list[float] | None,
    typer.Option("--p", metavar="P ...", help="Probabilities, one row each.", show_default="0 ... 0.8"),
]
PipeOption = Annotated[Pipe, typer.Option("--pipe", help="Augmentation pipe of the paper.")]
ColumnsOption = Annotated[int, typer.Option("--columns", min=1, help="Images per row.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the draws.")]
PercentilesOption = Annotated[
    list[float] | None,
    typer.Option(
        "--percentiles",
        metavar="N ...",
        help="Instead of --p: a row per transform, at these percentiles of its parameters.",
    ),
]

app = new_app()


class AugmentSheet(NamedTuple):
    """The settings of a sheet with a row of random draws for each p."""

    p: Sequence[float]
    pipe: Pipe
    columns: int
    seed: int


@app.command(epilog=epilog(EXAMPLES), cls=taking_several("--p", "--percentiles"))
@torch.inference_mode()
def augment(
    image: ImageArgument,
    target: PngArgument,
    resolution: ResolutionOption = 128,
    p: POption = None,
    pipe: PipeOption = "bgc",
    columns: ColumnsOption = 6,
    seed: SeedOption = 0,
    percentiles: PercentilesOption = None,
) -> int:
    """Show the effect of the augmentation on one image."""
    pixels = read_image(image, 3, resolution)
    if percentiles:
        images, columns = at_percentiles(pixels, percentiles), len(percentiles)
    else:
        images = at_random(pixels, AugmentSheet(p or SHOWN_P, pipe, columns, seed))
    write_png(target, tile(to_uint8(images), columns))
    print_result(f"{target}: {len(images) // columns} rows of {columns}")
    return 0


def at_random(image: Float[Tensor, "1 3 side side"], sheet: AugmentSheet) -> SquareImages:
    """Return a row of draws for every p. A row depends only on the seed and its p."""
    rows, pipe = [], named_pipe(sheet.pipe)
    for p in sheet.p:
        seed_everything(sheet.seed, "augment", round(p * 1000))
        rows.append(pipe(image.repeat(sheet.columns, 1, 1, 1), torch.tensor(p)))
    return torch.cat(rows)


def at_percentiles(image: Float[Tensor, "1 3 side side"], percentiles: Sequence[float]) -> SquareImages:
    """Return a row for every transform but the second rotation, each applied alone."""
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
