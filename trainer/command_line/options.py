"""Arguments and options shared by all programs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from trainer.errors import UserError

DEFAULT_STORE = Path("store")


def _with_folders(store: Path) -> Path:
    """Raise UserError if something else is in the place of the folder of trials or of sweeps: both would look empty."""
    for path in (store / "trials", store / "sweeps"):
        if os.path.lexists(path) and not path.is_dir():
            raise UserError(path, "is not a folder", "remove it, or put the folder back")
    return store


StoreOption = Annotated[
    Path,
    typer.Option(
        "--store", envvar="ADASWEEP_STORE", help="Folder of trials, data and results.", callback=_with_folders
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SweepArgument = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep: its file, or its name in the store.")]


def names_in(texts: list[str] | str | None) -> tuple[str, ...]:
    """Return the names in `a,b` or `["a", "b,c"]`, in order, without blank ones."""
    given = [texts] if isinstance(texts, str) else texts or []
    return tuple(name.strip() for text in given for name in text.split(",") if name.strip())
