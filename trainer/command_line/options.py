"""Arguments and options shared by all programs."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_STORE = Path("store")

StoreOption = Annotated[
    Path, typer.Option("--store", envvar="ADASWEEP_STORE", help="Folder of trials, data and results.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SweepArgument = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep: its file, or its name in the store.")]


def names_in(texts: list[str] | str | None) -> tuple[str, ...]:
    """Return the names in `a,b` or `["a", "b,c"]`, in order, without blank ones."""
    given = [texts] if isinstance(texts, str) else texts or []
    return tuple(name.strip() for text in given for name in text.split(",") if name.strip())
