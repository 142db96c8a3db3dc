"""Arguments and options shared by all programs."""

import errno
import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from trainer.errors import READABLE, UNREADABLE, UserError

DEFAULT_STORE = Path("store")


NO_FOLDER = frozenset({errno.ELOOP, errno.ENOTDIR})
"""Why a path leads to no folder, and never will."""


def _named(store: object) -> Path:
    """Return the folder of a name. Raises UserError for an empty one, which would be the working directory."""
    if not str(store).strip():
        raise UserError("--store", "names no folder", "write . for this one")
    return Path(str(store))


def _with_folders(store: Path) -> Path:
    """Raise UserError if something else is in the place of the store, its trials or sweeps: it would look empty."""
    _require_folder(store, "name another with --store or ADASWEEP_STORE")
    for path in (store / "trials", store / "sweeps"):
        _require_folder(path, "remove it, or put the folder back")
    return store


def _require_folder(path: Path, way_out: str) -> None:
    """Raise UserError unless there is a folder at `path`, or nothing yet."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        if is_folder and not os.access(path, os.R_OK | os.X_OK):
            raise UserError(path, UNREADABLE, READABLE)
    except FileNotFoundError:
        is_folder = not path.is_symlink()
    except PermissionError:
        raise UserError(path, UNREADABLE, READABLE) from None
    except OSError as error:
        if error.errno not in NO_FOLDER:
            raise UserError(path, f"cannot be used ({(error.strerror or str(error)).lower()})", way_out) from None
        is_folder = False
    if not is_folder:
        raise UserError(path, "is not a folder", way_out)


StoreOption = Annotated[
    Path,
    typer.Option(
        "--store",
        envvar="ADASWEEP_STORE",
        help="Folder of trials, data and results.",
        parser=_named,
        callback=_with_folders,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SweepArgument = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep: its file, or its name in the store.")]


def names_in(texts: list[str] | str | None) -> tuple[str, ...]:
    """Return the names in `a,b` or `["a", "b,c"]`, in order, without blank ones."""
    given = [texts] if isinstance(texts, str) else texts or []
    return tuple(name.strip() for text in given for name in text.split(",") if name.strip())
