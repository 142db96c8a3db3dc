"""adasweep status: show the progress and the problems of each trial."""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.commands.options import SweepsArgument
from orchestrator.dispatch.poll import observe_now
from orchestrator.display.duration import took
from orchestrator.display.output import ROWS, print_json, result_console
from orchestrator.display.trial_table import status_table
from orchestrator.plan.decide import RULES
from orchestrator.plan.plan_file import read_plan, readable_plans
from orchestrator.plan.sequential import stage_line
from orchestrator.plan.status import TrialStatus, as_json, sweep_status
from orchestrator.store.invalid_files import invalid_files, misplaced
from orchestrator.store.layout import Store
from orchestrator.store.sweep_runs import invalid_runs
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.sweeps import stored_name
from trainer.command_line.table import show
from trainer.config.plan_file import PlanFile
from trainer.config.sweep_run import RUNS_FILE, sweep_runs
from trainer.errors import READABLE, UNREADABLE

WATCH_SECONDS = 2.0
QUIET_SECONDS = 60.0
"""Nothing may be queued or running for so long between two trials, as where SLURM refuses jobs for a while."""
ACTIVE = ("running", "pending")
OTHER_LINES = 9
"""Lines of a sweep's status without trials."""


class Snapshot(NamedTuple):
    """The statuses of the trials by sweep.

    `plans` are those of the sweeps. `outages` has a line for every backend that could not be queried, and for every
    sweep that is not shown because a trial may not be read.
    """

    sweeps: dict[str, list[TrialStatus]]
    plans: dict[str, PlanFile]
    outages: list[str]


EXAMPLES = """Examples:
  adasweep status
  adasweep status demo --watch
  adasweep status sweeps/demo.yaml --json
"""
WatchOption = Annotated[bool, typer.Option("--watch", help="Refresh until all is over, or at rest for a minute.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def status(
    sweep: SweepsArgument = "",
    watch: WatchOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Show the progress and the problems of each trial of a sweep."""
    return execute(Store(store), sweep, watch=watch, as_json=as_json)


def execute(store: Store, sweep: str, *, watch: bool, as_json: bool) -> int:
    """Print the status of one sweep or of all; with `watch`, after every change until it is over."""
    sweep = stored_name(store.root, sweep) if sweep else ""
    if watch:
        return _print_changes(store, sweep) if as_json else _watch(store, sweep)
    seen = _snapshot(store, sweep)
    if as_json:
        print_json(_document(store, seen))
        return 0
    for name, statuses in seen.sweeps.items():
        show(result_console(), _table(store, seen.plans[name], statuses))
        _print_skipped(skipped_lines(store, name, statuses))
    if not seen.sweeps:
        result_console().print(f"no sweep was run in {store.root}", markup=False, soft_wrap=True)
    _print_skipped([] if sweep else _unreadable(store))
    result_console().print(_outages(seen), end="", soft_wrap=True)
    return 0


def skipped_lines(store: Store, sweep: str, statuses: Sequence[TrialStatus]) -> list[str]:
    """Return a message for each invalid file, or line, of a sweep and its trials, and for those that are misplaced."""
    trials = dict.fromkeys(status.trial for status in statuses)
    not_begun = {status.trial for status in statuses if not status.attempts}
    elsewhere = misplaced(store, not_begun) if not_begun else []
    invalid = (one for trial in trials for one in invalid_files(store, trial))
    return [*map(str, elsewhere), *map(str, invalid_runs(store, sweep)), *map(str, invalid)]


def _unreadable(store: Store) -> list[str]:
    problems: list[str] = []
    readable_plans(store, problems)
    return problems


def _print_skipped(lines: Sequence[str]) -> None:
    for line in lines[:ROWS]:
        result_console().print(Text(f"skipped: {line}"), soft_wrap=True)
    if len(lines) > ROWS:
        result_console().print(f"... and {len(lines) - ROWS:,} more (all of them: --json)")


def _table(store: Store, plan: PlanFile, statuses: Sequence[TrialStatus], most: int = ROWS) -> RenderableType:
    """Return the statuses of a sweep, with the stage of its seeds and the duration of its last run."""
    runs, stage = list(sweep_runs(store.plan(plan.sweep).with_name(RUNS_FILE))), stage_line(plan)
    lines = [*([stage] if stage else []), *([f"The last run {took(runs[-1])}"] if runs else [])]
    below = [*map(Text, lines), Text()] if lines else []
    return Group(status_table(plan.sweep, statuses, most, plan.parallel or 1), *below)


def _outages(seen: Snapshot) -> Text:
    return Text("".join(f"{line}\n" for line in seen.outages))


def _document(store: Store, seen: Snapshot) -> dict[str, object]:
    documents = [
        {"sweep": name, "trials": as_json(statuses), "passed_over": skipped_lines(store, name, statuses)}
        | ({"stage": stage} if (stage := stage_line(seen.plans[name])) else {})
        for name, statuses in seen.sweeps.items()
    ]
    return {"schema_version": 1, "sweeps": documents, "outages": seen.outages}


def _snapshot(store: Store, sweep: str) -> Snapshot:
    """Return the status of every cell of the last plan of a sweep, or of all sweeps."""
    plans = [read_plan(store, sweep)] if sweep else readable_plans(store)
    outages: list[str] = []
    plans = plans if sweep else _readable(store, plans, outages)
    observed = observe_now(store, {trial for plan in plans for trial in plan.with_sources}, outages)
    statuses = {plan.sweep: sweep_status(store, plan, observed, RULES) for plan in plans}
    return Snapshot(statuses, {plan.sweep: plan for plan in plans}, outages)


def _readable(store: Store, plans: list[PlanFile], withheld: list[str]) -> list[PlanFile]:
    """Return the plans of which all trials may be read, if there are any; add a line to `withheld` for each other."""
    found: list[PlanFile] = []
    for plan in plans:
        folders = (store.run(trial).unreadable_folder() for trial in plan.with_sources)
        if folder := next(filter(None, folders), None):
            withheld.append(f"{plan.sweep} is not shown: {folder}: {UNREADABLE}; {READABLE}")
        else:
            found.append(plan)
    return found or plans


def _polled(store: Store, sweep: str) -> Iterator[Snapshot]:
    """Yield the statuses repeatedly, for the last time when all is over, or nothing was queued or running for long."""
    active = -math.inf
    while True:
        seen = _snapshot(store, sweep)
        yield seen
        if any(one.state in ACTIVE for statuses in seen.sweeps.values() for one in statuses):
            active = time.monotonic()
        elif _is_complete(seen) or time.monotonic() > active + QUIET_SECONDS:
            return
        time.sleep(WATCH_SECONDS)


def _is_complete(seen: Snapshot) -> bool:
    """Return whether nothing is left to do: no run, and no configuration or seed to add."""
    may_grow = any(plan.search or (plan.sequential and not plan.sequential.decided) for plan in seen.plans.values())
    return not may_grow and all(one.is_over for statuses in seen.sweeps.values() for one in statuses)


def _watch(store: Store, sweep: str) -> int:
    console = result_console()
    with Live(console=console, refresh_per_second=1, vertical_overflow="crop") as live:
        for seen in _polled(store, sweep):
            most = max(console.height // max(len(seen.sweeps), 1) - OTHER_LINES, 1)
            tables = (_table(store, seen.plans[name], trials, most) for name, trials in seen.sweeps.items())
            live.update(Group(_outages(seen), *tables))
    return 0


def _print_changes(store: Store, sweep: str) -> int:
    printed: dict[str, object] = {}
    for seen in _polled(store, sweep):
        document = _document(store, seen)
        if document != printed:
            print_json(document)
        printed = document
    return 0
