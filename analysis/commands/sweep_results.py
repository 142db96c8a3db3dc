"""What the commands about one sweep share: their options, and how its results are loaded."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer

from analysis.console import say
from analysis.errors import READ_ONLY
from analysis.results.load import Curves, Runs, load
from analysis.tables.collect import Collected
from analysis.tables.collect import collect as collect_tables
from analysis.tables.store import ResultStore

ScoreOption = Annotated[
    str | None, typer.Option("--score", metavar="METRIC", help="Metric to use instead of the sweep's score.")
]
IdentityOption = Annotated[str | None, typer.Option("--identity", help="Identity of the metric, if there are several.")]


def loaded(
    store: ResultStore, sweep: str, score: str | None, identity: str | None, *, quiet: bool = False
) -> tuple[Runs, Curves]:
    """Bring the tables up to date, say what was skipped unless `quiet`, and load a sweep of the store.

    Of a store that may only be read, the trials' own files are read anew: that is slower, and says the same.
    """
    try:
        found = collect_tables(store)
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        return load(store, sweep, fresh=True, score=score, identity=identity)
    if not quiet:
        say_skipped(found)
    return load(store, sweep, score=score, identity=identity)


def may_write(folder: Path) -> bool:
    """Return whether files can be written to a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        return False


def say_skipped(found: Collected) -> None:
    """Say which trials could not be read, and why."""
    for line in found.skipped:
        say(f"skipped {line}")
