"""Makes SQLite databases of MLflow whole or not at all: MLflow can complete none whose making was interrupted."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from mlflow import MlflowClient

from orchestrator.recorders.target import sqlite_uri
from trainer.files import discard, remove_abandoned, sync, temporary_name

WAIT_SECONDS = 20.0


def make_database(file: Path) -> None:
    """Make a database with MLflow's tables at `file`, unless there is something in it already.

    Raises OSError if nothing can be written there, and what MLflow raises.
    """
    if file.exists() and file.stat().st_size:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(file.parent)
    folder = temporary_name(file)
    try:
        folder.mkdir()
        _put_in_place(_made(folder / file.name), file)
    except OSError as error:
        error.filename = str(file)
        raise
    finally:
        discard(folder)


def _made(draft: Path) -> Path:
    draft.touch()  # with the umask's mode: SQLite would remove the group's write permission
    MlflowClient(tracking_uri=sqlite_uri(draft)).search_experiments(max_results=1)
    sync(draft)
    return draft


def _put_in_place(draft: Path, file: Path) -> None:
    """Link a database to its place, or fill an empty file that others may have open.

    What another process has made there meanwhile is left.
    """
    if file.exists() and not file.stat().st_size:
        _fill(file, draft)
    with suppress(FileExistsError):
        os.link(draft, file)


def _fill(file: Path, draft: Path) -> None:
    """Copy a database into one that has no tables: both is seen and done under SQLite's lock, in one transaction."""
    with closing(sqlite3.connect(draft)) as made, closing(sqlite3.connect(file, WAIT_SECONDS)) as empty:
        empty.isolation_level = None
        empty.execute("BEGIN EXCLUSIVE")
        if empty.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            for statement in made.iterdump():
                if statement not in ("BEGIN TRANSACTION;", "COMMIT;"):
                    empty.execute(statement)
        empty.execute("COMMIT")
