"""Shared by the commands on one sweep: their options, and loading its results."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Annotated

import typer

from analysis.console import print_line
from analysis.errors import UNWRITABLE, ScoreError
from analysis.results.load import Curves, Runs, load
from analysis.tables.collect import Collected
from analysis.tables.collect import collect as collect_tables
from analysis.tables.store import ResultStore
from trainer.config.claims.grammar import is_measured
from trainer.errors import did_you_mean

ScoreOption = Annotated[
    str | None, typer.Option("--score", metavar="METRIC", help="Metric to use instead of the sweep's score.")
]
IdentityOption = Annotated[str | None, typer.Option("--identity", help="Identity of the metric, if there are several.")]


def load_results(
    store: ResultStore, sweep: str, score: str | None, identity: str | None, *, quiet: bool = False
) -> tuple[Runs, Curves]:
    """Update the tables, print what was skipped unless `quiet`, and load a sweep of the store.

    In a read-only store the files of the trials are read instead, which is slower and gives the same results.
    """
    try:
        found = collect_tables(store)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        return _measured(score, *load(store, sweep, fresh=True, score=score, identity=identity))
    if not quiet:
        print_skipped(found)
    return _measured(score, *load(store, sweep, score=score, identity=identity))


def _measured(score: str | None, runs: Runs, curves: Curves) -> tuple[Runs, Curves]:
    """Return runs and curves. Raises ScoreError if the score was never measured, and no metric of the plan gives it."""
    if score and curves.score.metric not in curves.recorded and not is_measured(score, runs.plan.metrics):
        known = list(dict.fromkeys([*runs.plan.metrics, *curves.recorded]))
        listed = ", ".join(known) or "none"
        raise ScoreError(f"--score: {score} is not measured; metrics: {listed}{did_you_mean(score, known)}")
    return runs, curves


def is_writable(folder: Path) -> bool:
    """Return whether files can be written to a folder, creating it if necessary."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        return False


@contextmanager
def readable(store: ResultStore) -> Iterator[ResultStore]:
    """Give the store; one that may only be read, with a folder of our own for its tables."""
    if is_writable(store.tables):
        yield store
        return
    with TemporaryDirectory(prefix="adasweep-tables-") as folder:
        yield replace(store, collected=Path(folder))


def print_skipped(found: Collected) -> None:
    """Print which trials could not be read, and why."""
    for line in found.skipped:
        print_line(f"skipped {line}")
