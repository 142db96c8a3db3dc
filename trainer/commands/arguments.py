"""Arguments and options shared by the trainer's commands, and parsers of their values."""

import math
from pathlib import Path
from typing import Annotated

import typer

from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.options import OpsChoice
from trainer.errors import UserError

SnapshotArgument = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="Snapshot file of a network.")]
PsiOption = Annotated[float, typer.Option("--psi", help="Truncation psi; 1 for none.")]
ClassOption = Annotated[int | None, typer.Option("--class", metavar="CLASS", help="Class, for a conditional network.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads.")]
OpsOption = Annotated[OpsChoice, typer.Option("--ops", help="Implementation of the operations.")]
DetectorOption = Annotated[str, typer.Option("--detector", metavar="NETWORK", help=f"{DETECTOR}, or inception:FILE.")]
DistanceOption = Annotated[str, typer.Option("--distance", metavar="NETWORK", help=f"{DISTANCE}, or vgg16:FILE.")]


def parse_seeds(option: str, text: str) -> list[int]:
    """Return the numbers of `0-3`, `1,4,9` or a mix of both. Raises UserError for anything else."""
    try:
        ranges = [[int(end) for end in part.split("-")] for part in text.split(",")]
        return [number for ends in ranges for number in range(ends[0], ends[-1] + 1)]
    except ValueError:
        raise UserError(option, f"{text!r} is not a list of numbers", "write it like 0-59 or 1,4,9") from None


def positive(option: str, value: float) -> float:
    """Return `value` if it is finite and above 0. Raises UserError otherwise."""
    if not 0 < value < math.inf:
        raise UserError(option, f"{value:g} is not above 0", "give a number above 0")
    return value
