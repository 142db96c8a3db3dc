"""adasweep status: how each trial is getting on, and what is wrong, in words."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.commands.options import SweepsArgument
from orchestrator.dispatch.poll import seen_of
from orchestrator.display.output import print_json, results
from orchestrator.display.plan_table import ROWS, show
from orchestrator.display.progress import MARKS
from orchestrator.plan.plan import RULES
from orchestrator.plan.plan_file import read_plan, readable_plans
from orchestrator.plan.status import TrialStatus, as_json, sweep_status
from orchestrator.store.layout import Store
from orchestrator.store.spoilt import spoilt_of
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.sweeps import stored_name

WATCH_SECONDS = 2.0
GOING = ("running", "pending")
StatusesBySweep = dict[str, list[TrialStatus]]
COLUMNS = ("state", "trial", "cell", "seed", "kimg", "score", "p", "r_t", "img/s", "attempts", "hours", "Wh", "host")

EXAMPLES = """Examples:
  adasweep status
  adasweep status demo --watch
  adasweep status sweeps/demo.yaml --json
"""
WatchOption = Annotated[bool, typer.Option("--watch", help="Refresh until nothing runs.")]

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
    """Print the status of one sweep, or of all; with `watch` again whenever it has changed, until nothing runs."""
    sweep = stored_name(store.root, sweep) if sweep else ""
    if watch:
        return _tell_changes(store, sweep) if as_json else _watch(store, sweep)
    found = _statuses(store, sweep)
    if as_json:
        print_json(_document(store, found))
        return 0
    for name, statuses in found.items():
        show(results(), status_table(name, statuses))
        _tell(passed_over(store, statuses))
    _tell([] if sweep else _unreadable(store))
    return 0


def passed_over(store: Store, statuses: Sequence[TrialStatus]) -> list[str]:
    """Return a line for each file, or line of one, that is passed over of these trials because it does not fit."""
    trials = dict.fromkeys(status.trial for status in statuses)
    return [str(one) for trial in trials for one in spoilt_of(store, trial)]


def _unreadable(store: Store) -> list[str]:
    told: list[str] = []
    readable_plans(store, told)
    return told


def _tell(lines: Sequence[str]) -> None:
    for line in lines[:ROWS]:
        results().print(Text(f"passed over: {line}"), soft_wrap=True)
    if len(lines) > ROWS:
        results().print(f"... and {len(lines) - ROWS:,} more (all of them: --json)")


def statuses_of(store: Store, sweep: str) -> list[TrialStatus]:
    """Return the status of every cell of a sweep's last plan."""
    plan = read_plan(store, sweep)
    return sweep_status(store, plan, seen_of(store, plan.trials), RULES)


def status_table(title: str, statuses: Sequence[TrialStatus]) -> RenderableType:
    """Return statuses as a table, with what is wrong below it."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("state", "trial", "cell", "host") else "right")
    for status in statuses[:ROWS]:
        table.add_row(*(Text(text) for text in _row(status)), style=MARKS.get(status.state, "").strip("[]"))
    more = [Text(f"... and {len(statuses) - ROWS:,} more (all of them: --json)")] if len(statuses) > ROWS else []
    wrong = [Text(f"{status.trial}: {status.wrong}") for status in statuses if status.wrong]
    counted = Counter(status.state for status in statuses)
    total = Text(", ".join(f"{count} {state}" for state, count in sorted(counted.items())))
    return Group(table, *more, total, *wrong[:ROWS], Text())


def _row(status: TrialStatus) -> tuple[str, ...]:
    score = "" if status.score_last is None else f"{status.score_last:.4g} (best {status.score_best:.4g})"
    return (
        status.state,
        status.trial,
        status.cell,
        str(status.seed),
        f"{status.kimg:g}/{status.horizon_kimg:g}",
        score,
        _number(status.p, ".2f"),
        _number(status.r_t, ".2f"),
        _number(status.images_per_second, ".0f"),
        str(status.attempts),
        f"{status.hours:.2f}",
        _number(None if status.joules is None else status.joules / 3600, ".1f"),
        status.host,
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _document(store: Store, found: StatusesBySweep) -> dict[str, object]:
    sweeps_told = [
        {"sweep": name, "trials": as_json(statuses), "passed_over": passed_over(store, statuses)}
        for name, statuses in found.items()
    ]
    return {"schema_version": 1, "sweeps": sweeps_told}


def _statuses(store: Store, sweep: str) -> StatusesBySweep:
    names = [sweep] if sweep else [plan.sweep for plan in readable_plans(store)]
    return {name: statuses_of(store, name) for name in names}


def _looks(store: Store, sweep: str) -> Iterator[StatusesBySweep]:
    """Look again and again, for the last time when nothing waits or runs."""
    while True:
        found = _statuses(store, sweep)
        yield found
        if not any(one.state in GOING for statuses in found.values() for one in statuses):
            return
        time.sleep(WATCH_SECONDS)


def _watch(store: Store, sweep: str) -> int:
    with Live(console=results(), refresh_per_second=1) as live:
        for found in _looks(store, sweep):
            live.update(Group(*(status_table(name, statuses) for name, statuses in found.items())))
    return 0


def _tell_changes(store: Store, sweep: str) -> int:
    told: dict[str, object] = {}
    for found in _looks(store, sweep):
        document = _document(store, found)
        if document != told:
            print_json(document)
        told = document
    return 0
