"""The recorder process: catches up in passes until it is told to finish.

    python -m orchestrator.recorders.ingest STORE [--once] [--rebuild]

It records in passes; one that fails is tried again with the next. Told to finish (a line on its standard input) it
makes a last pass and ends with 0, or with 1 where MLflow would not have it. When whoever started it is gone (that
input ends), it stays while trials run.
"""

import argparse
import os
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.recorders.cursor import MlflowTarget, default_target
from orchestrator.recorders.mlflow import Ingester
from orchestrator.store.layout import Store
from orchestrator.store.lease import Lease, acquire, holder

INTERVAL_SECONDS = 10.0
POLL_SECONDS = 0.2


class Starter:
    """The process at the other end of standard input: whether it has told us to finish, or is gone."""

    def __init__(self, told: bool = False) -> None:
        self.told = told
        self.gone = False

    def listen(self, seconds: float) -> None:
        """Wait for a word, so long at most."""
        if self.told or self.gone:
            time.sleep(0 if self.told else seconds)
        elif select.select([sys.stdin], [], [], seconds)[0]:
            self.told, self.gone = bool(sys.stdin.readline()), True


def any_running(store: Store) -> bool:
    """Return whether any trial of a store has a living supervisor."""
    now = time.time()
    return any((held := holder(store.run(trial).path)) and held.is_alive(now) for trial in store.ids())


def follow(
    store: Store, target: MlflowTarget, lease: Lease, starter: Starter, complain: Callable[[str], object]
) -> int:
    """Make passes until told to finish; return 0 when the last one succeeded."""
    ingester: Ingester | None = None
    while True:
        last = starter.told or (starter.gone and not any_running(store))
        try:
            ingester = ingester or Ingester(store, target)
            ingester.ingest(time.time(), lease.beat)
            failed = False
        except LeaseSuperseded:
            raise
        except Exception as error:  # whatever MLflow, its database or its server raises: the runs must not care
            complain(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}\n")
            ingester, failed = None, True
        if last:
            return int(failed)
        lease.beat()
        starter.listen(INTERVAL_SECONDS)


def rebuild(store: Store, target: MlflowTarget, beat: Callable[[], None]) -> None:
    """Record everything anew from the files. The store's own database is replaced in one step once it is complete."""
    fresh = replace(target, cursors=target.cursors.with_name(f"{target.cursors.name}.new"))
    shutil.rmtree(fresh.cursors, ignore_errors=True)
    database = Path(target.uri.removeprefix("sqlite:///")) if target.uri.startswith("sqlite:///") else None
    if database:
        for left in database.parent.glob(f"{database.name}.new-*"):
            left.unlink()
        draft = database.with_name(f"{database.name}.new-{time.time_ns()}")
        fresh = replace(fresh, uri=f"sqlite:///{draft}")
        kept = _record_all(store, fresh, beat)
        draft.replace(database)
        _discard_artifacts(store.root / "mlartifacts", kept)
    else:
        _forget_all(Ingester(store, fresh))
        _record_all(store, fresh, beat)
    shutil.rmtree(target.cursors, ignore_errors=True)
    if fresh.cursors.exists():
        fresh.cursors.rename(target.cursors)


def _record_all(store: Store, target: MlflowTarget, beat: Callable[[], None]) -> set[str]:
    """Record everything and return the ids of MLflow's runs."""
    ingester = Ingester(store, target)
    ingester.ingest(time.time(), beat)
    return set(_runs(ingester))


def _runs(ingester: Ingester) -> Iterator[str]:
    """Yield the ids of all of MLflow's runs that stand for something of a store."""
    for trial in ingester.store.ids():
        yield from ingester.runs_of(trial)
    for sweep in ingester.gallery.sweeps:
        yield from ingester.gallery.runs_of(sweep)


def _forget_all(ingester: Ingester) -> None:
    for run_id in _runs(ingester):
        ingester.client.delete_run(run_id)


def _discard_artifacts(artifacts: Path, kept: set[str]) -> None:
    for folder in artifacts.glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Record a store, and return 0, or 1 where MLflow would not have it."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.recorders.ingest", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--once", action="store_true", help="catch up and end")
    parser.add_argument("--rebuild", action="store_true", help="record everything anew")
    given = parser.parse_args(arguments)
    store = Store(given.store.resolve())
    try:
        lease = acquire(store.root / "mlflow")
    except LeaseHeld as held:
        sys.stderr.write(f"{held}\n")
        return 0
    try:
        if given.rebuild:
            rebuild(store, default_target(store), lease.beat)
            return 0
        return follow(store, default_target(store), lease, Starter(given.once), sys.stderr.write)
    except LeaseSuperseded:
        return 0
    finally:
        lease.release()


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main(sys.argv[1:]))
