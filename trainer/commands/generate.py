"""python -m trainer generate: a sheet of images from a snapshot, one per seed."""

import sys
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import ClassOption, PngArgument, PsiOption, SnapshotArgument, parse_seeds, positive
from trainer.images.grids import sheet_of, write_png
from trainer.images.latents import class_rows, load_generator, z_of_seeds

EXAMPLES = """Example:
  python -m trainer generate best.safetensors sheet.png --seeds 0-59 --psi 0.7
"""
SeedsOption = Annotated[str, typer.Option("--seeds", help="One image per seed: 0-59 or 1,4,9.")]
ColumnsOption = Annotated[int, typer.Option("--columns", min=1, help="Images per row.")]
ResampleOption = Annotated[
    float | None, typer.Option("--resample", help="Resample entries of z beyond this value (truncation of BigGAN).")
]
CutoffOption = Annotated[int | None, typer.Option("--cutoff", help="Truncate only the first N layers.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def generate(
    snapshot: SnapshotArgument,
    target: PngArgument,
    seeds: SeedsOption = "0-59",
    columns: ColumnsOption = 10,
    psi: PsiOption = 1.0,
    resample: ResampleOption = None,
    cutoff: CutoffOption = None,
    label: ClassOption = None,
) -> int:
    """Generate a sheet of images from a snapshot, one per seed."""
    numbers = parse_seeds("--seeds", seeds)
    threshold = None if resample is None else positive("--resample", resample)
    generator = load_generator(snapshot)
    z = z_of_seeds(numbers, generator.z_dim, threshold)
    ws = generator.mapping(z, class_rows(generator, label, len(z)), psi, cutoff)
    write_png(target, sheet_of(generator, ws, columns))
    sys.stdout.write(f"{target}: {len(z)} images\n")
    return 0
