"""Reads the store's own MLflow database without importing MLflow, which takes seconds."""

import sqlite3
from contextlib import closing
from pathlib import Path

OTHER_TABLES = ("registered_models", "logged_models", "trace_info", "evaluation_datasets")
"""Tables of MLflow that the recorder never fills."""


MLFLOW_COLUMNS = (("experiments", "experiment_id"), ("runs", "run_uuid"))
"""What every database of MLflow has, since its first version."""


BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether a database could not be read only because another process is writing to it, or was suspended."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in BUSY


def foreign_tables(database: Path) -> list[str]:
    """Return the tables of a database if it has some, but not MLflow's. Raises sqlite3.Error."""
    with closing(_open(database, wait_seconds=1)) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = [opened.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", one) for one in MLFLOW_COLUMNS]
        return [] if all(one.fetchone() for one in found) else tables


def tables_of(database: Path) -> set[str]:
    """Return the names of the tables of a database. Raises sqlite3.Error."""
    with closing(_open(database)) as opened:
        return {str(row[0]) for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def require_sound(database: Path) -> None:
    """Raise sqlite3.DatabaseError if a page of a database is damaged."""
    with closing(_open(database)) as opened:
        (found,) = opened.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(" ".join(found.split()))


def active_runs(database: Path) -> set[str]:
    """Return the ids of the runs that are not deleted; none if there is no database. Raises sqlite3.Error."""
    if not database.exists():
        return set()
    with closing(_open(database)) as opened:
        return {str(row[0]) for row in opened.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active'")}


def points_by_run(database: Path) -> dict[str, int]:
    """Return the number of points of all series of each run; none if there is no database. Raises sqlite3.Error."""
    if not database.exists():
        return {}
    with closing(_open(database)) as opened:
        return dict(opened.execute("SELECT run_uuid, COUNT(*) FROM metrics GROUP BY run_uuid"))


def all_runs(database: Path) -> set[str]:
    """Return the ids of all runs, including deleted ones. Raises sqlite3.Error."""
    with closing(_open(database)) as opened:
        return {str(row[0]) for row in opened.execute("SELECT run_uuid FROM runs")}


def holds_only(database: Path, experiments: set[str], tags: set[str], others: str) -> bool:
    """Return whether a database has only these experiments, and in them only runs with one of `tags`.

    None may have the tag `others`. The experiment `Default`, which MLflow creates, is allowed. Raises sqlite3.Error.
    """
    tables = tables_of(database)
    with closing(_open(database)) as opened:
        names = {row[0] for row in opened.execute("SELECT name FROM experiments")}
        tagged = {row[0] for row in opened.execute(f"SELECT run_uuid FROM tags WHERE key IN ({_marks(tags)})", [*tags])}
        foreign = opened.execute("SELECT 1 FROM tags WHERE key = ? LIMIT 1", [others]).fetchone()
        runs = {row[0] for row in opened.execute("SELECT run_uuid FROM runs")}
        found = [name for name in OTHER_TABLES if name in tables]
        used = any(opened.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in found)
    return names <= experiments | {"Default"} and runs <= tagged and not used and not foreign


def _open(database: Path, wait_seconds: float = 20) -> sqlite3.Connection:
    if not database.is_file():  # SQLite would wait for the other end of a pipe
        raise sqlite3.DatabaseError("not a file")
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=wait_seconds)


def _marks(values: set[str]) -> str:
    return ", ".join("?" * len(values))
