"""adasweep record: update MLflow, or rebuild all records."""

import sys
import time
from typing import Annotated

import typer

from orchestrator.display.output import print_json, result_console
from orchestrator.errors import BackendError, LeaseHeld, LeaseSuperseded, StoreError
from orchestrator.recorders.cursor import is_behind, refusals
from orchestrator.recorders.ingest import has_changes, record_once
from orchestrator.recorders.report import place_of_another, read_report, without_password
from orchestrator.recorders.target import MlflowTarget, default_target, readable_target
from orchestrator.store.invalid_files import misplaced
from orchestrator.store.layout import Store
from orchestrator.store.lease import Holder, holder
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.program import CommandFailure, report_failure
from trainer.errors import ExitCode

EXAMPLES = """Examples:
  adasweep record
  adasweep record --rebuild
"""
RebuildOption = Annotated[bool, typer.Option("--rebuild", help="Rebuild all records from the files.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def record(rebuild: RebuildOption = False, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Update MLflow from the store."""
    return execute(Store(store), rebuild=rebuild, as_json=as_json)


def execute(store: Store, *, rebuild: bool, as_json: bool) -> int:
    """Make one pass and print the target. Return 3 if single trials could not be recorded.

    Raises BackendError if MLflow fails.
    """
    if not store.trials.is_dir():
        raise StoreError(store.root, "has no trials", "name a store with --store or ADASWEEP_STORE")
    target = default_target(store) if rebuild else readable_target(store, thoroughly=True)
    failed = _catch_up(store, target, rebuild=rebuild)
    _print_state(store, target, "Recorded in part" if failed else "Recorded", as_json=as_json)
    return report_failure(CommandFailure(ExitCode.SOME_FAILED, f"not recorded: {failed}")) if failed else 0


def _catch_up(store: Store, target: MlflowTarget, *, rebuild: bool) -> str:
    """Record what is new, or everything; return what could not be. An active recorder does the former only."""
    if not rebuild and not has_changes(store, target):
        return ""
    store.require_writable()
    try:
        report = record_once(store, target, sys.stderr.write, from_scratch=rebuild)
    except (LeaseHeld, LeaseSuperseded):
        held = holder(store.root / "mlflow")
        if rebuild:
            raise BackendError(
                f"{_owner(held)} is recording this store; rebuild when it has ended", retryable=True
            ) from None
        _leave_to(_owner(held), store, target)
        return ""
    if report.trouble:
        raise BackendError(f"MLflow could not be updated: {report.trouble}", retryable=not report.persists)
    return report.problem


def _leave_to(owner: str, store: Store, target: MlflowTarget) -> None:
    """Raise BackendError if the recorder that is active records to another place, or cannot record."""
    if other := place_of_another(store, target.uri):
        raise BackendError(f"{owner} records this store into {other}; repeat this when it has ended", retryable=True)
    if (report := read_report(store)) and report.trouble:
        raise BackendError(f"MLflow could not be updated: {report.trouble}; {owner} tries again", retryable=True)


def _print_state(store: Store, target: MlflowTarget, done: str, *, as_json: bool) -> None:
    """Print the target, what it refused, what is no trial where one belongs, and who still records."""
    trials = [trial for trial in store.readable_ids() if store.run(trial).attempts()]
    late, skipped = is_behind(store, target, trials), [str(one) for one in misplaced(store)]
    if as_json:
        print_json({"uri": without_password(target.uri), "behind": late, "passed_over": skipped})
        return
    for line in (*refusals(target, trials), *(f"skipped: {one}" for one in skipped)):
        result_console().print(line, markup=False, soft_wrap=True)
    held = holder(store.root / "mlflow")
    suffix = f"; {_owner(held)} continues to record" if late and held and held.is_alive(time.time()) else ""
    result_console().print(f"{done} in {without_password(target.uri)}{suffix}", markup=False, soft_wrap=True)


def _owner(held: Holder | None) -> str:
    return f"process {held.owner.pid} on {held.owner.host}" if held else "another process"
