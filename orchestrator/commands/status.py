"""adasweep status: how each trial is getting on, and what is wrong, in words."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.commands.output import print_json, results
from orchestrator.commands.targets import seen_of
from orchestrator.plan import RULES
from orchestrator.plan_view import ROWS, show
from orchestrator.progress import MARKS
from orchestrator.status import TrialStatus, as_json, read_plan, sweep_status, sweeps
from orchestrator.store import Store

WATCH_SECONDS = 2.0
COLUMNS = ("state", "trial", "cell", "seed", "kimg", "score", "p", "r_t", "img/s", "attempts", "hours", "Wh", "host")


def execute(store: Store, sweep: str, *, watch: bool, as_json: bool) -> int:
    """Print the status of one sweep, or of all."""
    if as_json:
        print_json({"schema_version": 1, "sweeps": [_document(store, name) for name in _names(store, sweep)]})
        return 0
    if watch:
        return _watch(store, sweep)
    for name in _names(store, sweep):
        show(results(), status_table(name, statuses_of(store, name)))
    return 0


def statuses_of(store: Store, sweep: str) -> list[TrialStatus]:
    """Return the status of every cell of a sweep's last plan."""
    plan = read_plan(store, sweep)
    return sweep_status(store, plan, seen_of(store, [cell["trial"] for cell in plan["cells"]]), RULES)


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


def _document(store: Store, sweep: str) -> dict[str, object]:
    return {"sweep": sweep, "trials": as_json(statuses_of(store, sweep))}


def _names(store: Store, sweep: str) -> list[str]:
    return [sweep] if sweep else sweeps(store)


def _watch(store: Store, sweep: str) -> int:
    with Live(console=results(), refresh_per_second=1) as live:
        while True:
            found = {name: statuses_of(store, name) for name in _names(store, sweep)}
            live.update(Group(*(status_table(name, statuses) for name, statuses in found.items())))
            going = [one for statuses in found.values() for one in statuses if one.state in ("running", "pending")]
            if not going:
                return 0
            time.sleep(WATCH_SECONDS)
