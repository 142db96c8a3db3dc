"""Arguments and options shared by the trainer's commands, and parsers of their values."""

import math
from pathlib import Path
from typing import Annotated

import typer

from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.options import OpsChoice
from trainer.errors import UserError


def finite(value: float) -> float:
    """Return `value`, of the option --psi, if it is a number. Raises UserError otherwise."""
    if not math.isfinite(value):
        raise UserError("--psi", f"{value:g} is not a number", "give one such as 0.7")
    return value


def png_file(path: Path) -> Path:
    """Return `path`, which a PNG is written to. Raises UserError if its name says something else."""
    if path.suffix.lower() != ".png":
        way_out = f"write {path.with_suffix('.png').name}" if path.name else "name a file"
        raise UserError(path, "would be a PNG file, but is not named so", way_out)
    return path


SnapshotArgument = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="Snapshot file of a network.")]
PngArgument = Annotated[Path, typer.Argument(metavar="TARGET", help="PNG file to write.", callback=png_file)]
PsiOption = Annotated[float, typer.Option("--psi", callback=finite, help="Truncation psi; 1 for none.")]
ClassOption = Annotated[int | None, typer.Option("--class", metavar="CLASS", help="Class, for a conditional network.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads.")]
OpsOption = Annotated[OpsChoice, typer.Option("--ops", help="Implementation of the operations.")]
DetectorOption = Annotated[str, typer.Option("--detector", metavar="NETWORK", help=f"{DETECTOR}, or inception:FILE.")]
DistanceOption = Annotated[str, typer.Option("--distance", metavar="NETWORK", help=f"{DISTANCE}, or vgg16:FILE.")]


def parse_seeds(option: str, text: str) -> list[int]:
    """Return the numbers of `0-3`, `1,4,9` or a mix of both. Raises UserError for anything else."""
    try:
        return [number for part in text.split(",") for number in _range(*map(int, part.split("-")))]
    except (ValueError, TypeError):
        raise UserError(option, f"{text!r} is not a list of numbers", "write it like 0-59 or 1,4,9") from None


def _range(first: int, last: int | None = None, /) -> range:
    """Return the numbers from the first to the last. Raises ValueError if there are none."""
    found = range(first, (first if last is None else last) + 1)
    if not found:
        raise ValueError(f"{first} is after {last}")
    return found


def positive(option: str, value: float) -> float:
    """Return `value` if it is finite and above 0. Raises UserError otherwise."""
    if not 0 < value < math.inf:
        raise UserError(option, f"{value:g} is not above 0", "give a number above 0")
    return value
