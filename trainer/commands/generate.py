"""python -m trainer generate: a sheet of images from a snapshot, one per seed."""

import argparse
import sys
from pathlib import Path

from trainer.images.grids import sheet_of, write_png
from trainer.images.latents import class_rows, load_generator, parse_seeds, positive, z_of_seeds


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "example:\n  python -m trainer generate best.safetensors sheet.png --seeds 0-59 --columns 10 --psi 0.7"
    )
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("target", type=Path, help="the PNG to write")
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("0-59"), help="0-59 or 1,4,9 (default: 0-59)")
    parser.add_argument("--columns", type=int, default=10, help="images in a row (default: 10)")
    parser.add_argument("--psi", type=float, default=1.0, help="truncation (default: 1, none)")
    parser.add_argument(
        "--resample", type=positive, help="draw entries of z beyond +- this again (truncation of BigGAN; default: none)"
    )
    parser.add_argument("--cutoff", type=int, help="truncate only this many first layers")
    parser.add_argument("--class", dest="label", type=int, help="the class, for a conditional network")


def execute(arguments: argparse.Namespace) -> int:
    """Write the sheet."""
    generator = load_generator(arguments.snapshot)
    z = z_of_seeds(arguments.seeds, generator.z_dim, arguments.resample)
    ws = generator.mapping(z, class_rows(generator, arguments.label, len(z)), arguments.psi, arguments.cutoff)
    write_png(arguments.target, sheet_of(generator, ws, arguments.columns))
    sys.stdout.write(f"{arguments.target}: {len(z)} images\n")
    return 0
