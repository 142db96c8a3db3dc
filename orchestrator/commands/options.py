"""Arguments and options that commands share, and how a command's file is found."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

StoreOption = Annotated[
    Path, typer.Option("--store", envvar="ADASWEEP_STORE", help="Where trials, data and results are kept.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of a text for a person.")]
SweepFile = Annotated[Path, typer.Argument(metavar="SWEEP", help="A sweep file, such as sweeps/demo.yaml.")]
TierOption = Annotated[str, typer.Option("--tier", help="Which of the file's tiers; the file as it stands otherwise.")]
HorizonOption = Annotated[
    float | None, typer.Option("--horizon-kimg", help="Another horizon than the file's, in thousands of images.")
]
BackendOption = Annotated[str, typer.Option("--backend", help="Where attempts run.")]
CpusOption = Annotated[int | None, typer.Option("--cpus", min=1, help="CPUs of this machine to use (local backend).")]
WattsOption = Annotated[float | None, typer.Option("--watts", help="Power of one run, to price energy.")]
KwhOption = Annotated[float | None, typer.Option("--per-kwh", help="Price of a kWh, to price energy in money.")]
GpuHourOption = Annotated[float | None, typer.Option("--per-gpu-hour", help="Price of a GPU-hour.")]
LiveCodeOption = Annotated[
    bool,
    typer.Option("--live-code", help="Jobs run the working copy itself, not a copy of it as it is now."),
]
NameArgument = Annotated[str, typer.Argument(metavar="[SWEEP]", help="A sweep's name; all of them otherwise.")]
TrialArgument = Annotated[str, typer.Argument(metavar="TRIAL", help="A trial's id, or its first digits.")]
DEFAULT_STORE = Path("store")


def command(module: str) -> Callable[..., int]:
    """Return `execute` of a file in orchestrator/commands, loaded only when its command is called."""
    execute: Callable[..., int] = importlib.import_module(f"orchestrator.commands.{module}").execute
    return execute


def listed(text: str | None) -> tuple[str, ...] | None:
    """Return the names in `a,b,c`; None where nothing was said."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def finish(code: int) -> None:
    """End the command with an exit code."""
    raise typer.Exit(code)
