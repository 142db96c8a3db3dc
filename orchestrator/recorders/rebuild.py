"""Rebuilds the records of a store. Other content of the same database or server is not touched."""

import glob
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from orchestrator.recorders.mlflow_database import all_runs, holds_only, tables_of
from orchestrator.recorders.target import OWNER, MlflowTarget, sqlite_uri
from orchestrator.store.layout import Store
from trainer.errors import printable
from trainer.files import matching

EXPERIMENTS = {"adasweep", "adasweep figures"}
TAGS = {"trial", "figures"}
"""The recorder creates these experiments, and in them runs with one of these tags."""


def rebuild(
    store: Store, target: MlflowTarget, beat: Callable[[], None], log: Callable[[str], object]
) -> dict[str, str]:
    """Record everything again from the files; return errors by trial or figures.

    The store's own database is replaced atomically by a complete new one, if it has no other content. Elsewhere, the
    store's runs, found by their tags, are replaced one by one. Raises MLflow's exceptions.
    """
    if target.database is None or not _is_ours(target.database, log):
        from orchestrator.recorders.mlflow import Ingester

        return Ingester(store, target).ingest(time.time(), beat, from_scratch=True)
    return _replace(store, target, target.database, beat, log)


def _is_ours(database: Path, log: Callable[[str], object]) -> bool:
    """Return whether a database may be replaced; one that SQLite cannot read is set aside."""
    if not database.exists():
        return True
    try:
        return holds_only(database, EXPERIMENTS, TAGS, others=OWNER)
    except sqlite3.DatabaseError as error:
        aside = database.with_name(f"{database.name}.unreadable-{time.time_ns()}")
        log(f"{database}: cannot be read ({error}); renamed to {aside.name}\n")
        database.rename(aside)
        return True


def _replace(
    store: Store, target: MlflowTarget, database: Path, beat: Callable[[], None], log: Callable[[str], object]
) -> dict[str, str]:
    from orchestrator.recorders.mlflow import Ingester

    former = all_runs(database) if database.exists() else set()
    for left in matching(database.parent, f"{glob.escape(database.name)}.new-*"):
        left.unlink()
    draft = database.with_name(f"{database.name}.new-{time.time_ns()}")
    cursors = target.cursors.with_name(f"{target.cursors.name}.new")
    shutil.rmtree(cursors, ignore_errors=True)
    fresh = replace(target, uri=sqlite_uri(draft), database=draft, file=draft, cursors=cursors)
    failed = Ingester(store, fresh).ingest(time.time(), beat)
    _keep_other_tables(database, draft, log)
    draft.replace(database)
    shutil.rmtree(target.cursors, ignore_errors=True)
    if cursors.exists():
        cursors.rename(target.cursors)
    for run_id in former:
        shutil.rmtree(store.root / "mlartifacts" / run_id, ignore_errors=True)
    return failed


def _keep_other_tables(database: Path, draft: Path, log: Callable[[str], object]) -> None:
    """Set a database aside if it has tables that its replacement lacks: not those of this version of MLflow."""
    others = sorted(tables_of(database) - tables_of(draft)) if database.exists() else []
    if others:
        aside = database.with_name(f"{database.name}.former-{time.time_ns()}")
        log(f"{database}: had other tables ({', '.join(map(printable, others[:3]))}); kept as {aside.name}\n")
        database.rename(aside)
