"""The recorder process: records a store in MLflow in passes, until its parent requests the end.

    python -m orchestrator.recorders.ingest STORE [--once] [--rebuild]

A failed pass is retried with the next one. On a line on standard input (the parent's request to finish) it makes a last
pass and exits with 0, or with 1 if MLflow rejects it. If standard input is closed (the parent has died), it continues
while trials run. While another recorder is active on the store, it waits to take over, or until that one has made a
pass that began after the request to finish.
"""

import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.figure_files import changed, sweeps_with_figures
from orchestrator.recorders.holdings import holdings_of
from orchestrator.recorders.rebuild import rebuild
from orchestrator.recorders.report import Report, error_line, read_report, write_report
from orchestrator.recorders.target import REBUILD, MlflowTarget, default_target
from orchestrator.store.layout import Store, require_readable, writing
from orchestrator.store.lease import Lease, acquire, holder
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program

if TYPE_CHECKING:
    from orchestrator.recorders.mlflow import Ingester

INTERVAL_SECONDS = 10.0
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 80.0
OTHER_SCHEMA = "out-of-date database schema"
"""Part of what MLflow says of a database that an earlier or a later version has made."""

StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The store to record.")]
OnceOption = Annotated[bool, typer.Option("--once", help="Catch up and exit.")]
RebuildOption = Annotated[bool, typer.Option("--rebuild", help="Rebuild all records.")]

app = new_app()


class Parent:
    """The parent process, connected to standard input: whether it has requested the end, or has died."""

    def __init__(self) -> None:
        self.requested_end = False
        self.is_gone = False

    def listen(self, seconds: float) -> None:
        """Wait for a message, at most this long."""
        if self.requested_end or self.is_gone:
            time.sleep(seconds)
        elif select.select([sys.stdin], [], [], seconds)[0]:
            self.requested_end, self.is_gone = bool(sys.stdin.readline()), True


@dataclass
class Recorder:
    """Records one store in one MLflow. MLflow is imported only when there is something to record."""

    store: Store
    target: MlflowTarget
    log: Callable[[str], object]
    ingester: "Ingester | None" = field(default=None, init=False)

    def catch_up(self, lease: Lease) -> Report:
        """Make one pass; write and return its report. Raises LeaseSuperseded."""
        report = self._pass(time.time(), lease)
        for line in filter(None, [report.trouble, *(f"{name}: {why}" for name, why in report.failed.items())]):
            self.log(f"{time.strftime('%H:%M:%S')} {line}\n")
        write_report(self.store, report)
        return report

    def _pass(self, began: float, lease: Lease) -> Report:
        try:
            due = has_changes(self.store, self.target, has_asked=self.ingester is not None)
            failed = self._ingester().ingest(began, lease.beat) if due else {}
        except LeaseSuperseded:
            raise
        except Exception as error:  # whatever MLflow, its database or its server raises: runs must not be affected
            self.ingester = None
            trouble, persists = _trouble(self.target, error)
            return Report(uri=self.target.uri, began=began, trouble=trouble, persists=persists)
        return Report(uri=self.target.uri, began=began, failed=failed)

    def _ingester(self) -> "Ingester":
        from orchestrator.recorders.mlflow import Ingester

        self.ingester = self.ingester or Ingester(self.store, self.target)
        return self.ingester


def _trouble(target: MlflowTarget, error: Exception) -> tuple[str, bool]:
    """Return why a pass has failed, and whether that persists: the store's own database with another schema does."""
    if target.database is None or OTHER_SCHEMA not in str(error):
        return error_line(error), False
    return f"{target.database} is of another version of MLflow; {REBUILD}", True


def has_changes(store: Store, target: MlflowTarget, *, has_asked: bool = False) -> bool:
    """Return whether there may be something to record, without importing MLflow.

    What a server, or a database that is no file, has lost only MLflow can tell: it must be asked once.
    """
    begun = [trial for trial in store.readable_ids() if store.run(trial).attempts()]
    if (begun and target.file is None and not has_asked) or is_behind(store, target, begun):
        return True
    known = holdings_of(target)
    return any(changed(store, target, name, known) for name in sweeps_with_figures(store))


def any_running(store: Store) -> bool:
    """Return whether any trial of a store has a living supervisor."""
    now = time.time()
    return any((held := holder(store.run(trial).path)) and held.is_alive(now) for trial in store.readable_ids())


def is_last(store: Store, parent: Parent) -> bool:
    """Return whether one more pass is enough."""
    return parent.requested_end or (parent.is_gone and not any_running(store))


def follow(recorder: Recorder, lease: Lease, parent: Parent) -> int:
    """Make passes until the end is requested; return 0 if the last one succeeded."""
    while True:
        last = is_last(recorder.store, parent)
        report = recorder.catch_up(lease)
        if last:
            return int(bool(report.problem))
        lease.beat()
        parent.listen(INTERVAL_SECONDS)


def await_lease(store: Store, target: MlflowTarget, parent: Parent) -> Lease | None:
    """Return the recorder's lease; None if another recorder has made the last pass, or is left to make it."""
    since: float | None = None
    while True:
        since = since or (time.time() if is_last(store, parent) else None)
        try:
            return _acquired(store)
        except LeaseHeld:
            if since and (_has_passed(store, target, since) or time.time() > since + PATIENCE_SECONDS):
                return None
        parent.listen(POLL_SECONDS)


def _acquired(store: Store) -> Lease:
    """Return the recorder's lease. Raises LeaseHeld, and StoreError if its files cannot be written."""
    place = store.root / "mlflow"
    with writing(place):
        return acquire(place)


def _has_passed(store: Store, target: MlflowTarget, since: float) -> bool:
    report = read_report(store)
    return report is not None and report.is_of(target.uri) and report.began >= since


def record_until_finish(store: Store, target: MlflowTarget, parent: Parent, log: Callable[[str], object]) -> int:
    """Record, or wait while another recorder does, until the end is requested; return 0 if the last pass succeeded."""
    while lease := await_lease(store, target, parent):
        try:
            return follow(Recorder(store, target, log), lease, parent)
        except LeaseSuperseded:
            continue
        finally:
            lease.release()
    return 0


def record_once(
    store: Store, target: MlflowTarget, log: Callable[[str], object], *, from_scratch: bool = False
) -> Report:
    """Make one pass, or record everything again; return the report. Raises LeaseHeld, LeaseSuperseded.

    Nothing is recorded again if a trial may not be read, whose record would be lost: raises StoreError.
    """
    for trial in store.ids() if from_scratch else ():
        require_readable(store.run(trial))
    lease = _acquired(store)
    try:
        if not from_scratch:
            return Recorder(store, target, log).catch_up(lease)
        began = time.time()
        try:
            report = Report(uri=target.uri, began=began, failed=rebuild(store, target, lease.beat, log))
        except LeaseSuperseded:
            raise
        except Exception as error:  # whatever MLflow raises
            report = Report(uri=target.uri, began=began, trouble=error_line(error))
        write_report(store, report)
        return report
    finally:
        lease.release()


@app.command()
def ingest(place: StoreArgument, once: OnceOption = False, rebuild: RebuildOption = False) -> int:
    """Record a store in MLflow. Exit code 1 if MLflow rejects it."""
    store = Store(place.resolve())
    target, log = default_target(store), sys.stderr.write
    if not once and not rebuild:
        return record_until_finish(store, target, Parent(), log)
    try:
        problem = record_once(store, target, log, from_scratch=rebuild).problem
    except (LeaseHeld, LeaseSuperseded) as held:
        log(f"{held}\n")
        return int(rebuild)
    log(f"{problem}\n" if problem and rebuild else "")
    return int(bool(problem))


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code."""
    return run_program(app, arguments, "python -m orchestrator.recorders.ingest")


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main(sys.argv[1:]))
