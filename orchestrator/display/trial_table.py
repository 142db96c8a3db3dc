"""Formats trials as table rows, for the live view of `run` and for `status`."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.display.duration import duration, span
from orchestrator.plan.status import TrialStatus, sweep_time_left
from trainer.command_line.fitting import Column
from trainer.command_line.table import FittedTable

STYLES = {
    "running": "cyan",
    "done": "green",
    "failed": "red",
    "diverged": "red",
    "stopped": "magenta",
    "lost": "red",
    "preempted": "yellow",
}
BAR = 12
"""Width of a trial's bar."""

TRIAL_COLUMNS = (Column("state"), Column("trial"), Column("cell", least=20), Column("seed", right=True))
RUN_COLUMNS = (
    *TRIAL_COLUMNS,
    Column("progress"),
    Column("kimg", right=True),
    Column("left", 90, right=True),
    Column("score", 80, right=True),
    Column("best", 70, right=True),
    Column("p", 50, right=True),
    Column("img/s", 40, right=True),
    Column("doing", 60, least=12),
)
STATUS_COLUMNS = (
    *TRIAL_COLUMNS,
    Column("kimg", right=True),
    Column("score", 90, right=True),
    Column("best", 80, right=True),
    Column("left", 75, right=True),
    Column("took", 70, right=True),
    Column("expected", 60, right=True),
    Column("p", 50, right=True),
    Column("img/s", 45, right=True),
    Column("attempts", 30, right=True),
    Column("r_t", 20, right=True),
    Column("Wh", 15, right=True),
    Column("ops", 12),
    Column("host", 10),
)


def run_table(statuses: Sequence[TrialStatus], height: int, marks: str) -> FittedTable:
    """Return the live table of trials; `marks` are the characters of a bar, done and not done."""
    rows = [_run_row(status, marks) for status in statuses]
    return FittedTable(RUN_COLUMNS, rows, styles=_styles(statuses), height=height, complete="adasweep status")


def status_table(title: str, statuses: Sequence[TrialStatus], most: int, parallel: int = 1) -> RenderableType:
    """Return statuses as a table, with a summary, actual and expected times, and problems below."""
    rows = [_status_row(status) for status in statuses]
    table = FittedTable(STATUS_COLUMNS, rows, title=title, styles=_styles(statuses), most=most)
    wrong = [f"{status.trial}: {status.wrong}" for status in statuses if status.wrong]
    lines = [summary_line(statuses, parallel), *against_expected(statuses), *wrong[:most]]
    return Group(table, *(Text(line) for line in lines), Text())


def summary_line(statuses: Sequence[TrialStatus], parallel: int = 1) -> str:
    """Return the number of trials per state, and the remaining time with `parallel` at a time, or as many as run."""
    counted = Counter(status.state for status in statuses)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))
    running = counted["running"]
    left = sweep_time_left(statuses, (), max(running, parallel)) if running else None
    return f"{counts}; about {duration(left)} left" if left else counts


def against_expected(statuses: Sequence[TrialStatus]) -> list[str]:
    """Return actual against expected time of completed attempts; cells that share a trial count once."""
    timed = {status.trial: status for status in statuses if status.timed_hours is not None}.values()
    if not timed:
        return []
    taken, expected, low, high = (
        3600 * sum(getattr(status, f"{name}_hours") or 0.0 for status in timed)
        for name in ("timed", "expected", "expected_low", "expected_high")
    )
    trials = "1 trial" if len(timed) == 1 else f"{len(timed):,} trials"
    return [f"{trials} took {duration(taken)} in all; expected: {duration(expected)} ({span(low, high)})"]


def reach(status: TrialStatus) -> str:
    """Return a trial's progress: kimg of the horizon."""
    return f"{status.kimg:g}/{status.horizon_kimg:g}"


def bar(share: float, width: int, marks: str) -> str:
    """Return a bar of text."""
    done = round(width * min(max(share, 0.0), 1.0))
    return marks[0] * done + marks[1] * (width - done)


def number(value: float | None, form: str) -> str:
    """Return a formatted number, or "" for None."""
    return "" if value is None else format(value, form)


def _run_row(status: TrialStatus, marks: str) -> tuple[str, ...]:
    running = status.state == "running"
    return (
        *_identity(status),
        bar(status.kimg / status.horizon_kimg, BAR, marks),
        f"{min(status.kimg, status.horizon_kimg):g}/{status.horizon_kimg:g}",
        _left(status),
        number(status.score_last, ".4g"),
        number(status.score_best, ".4g"),
        number(status.p, ".2f"),
        number(status.images_per_second, ".0f"),
        status.doing if running else "",
    )


def _status_row(status: TrialStatus) -> tuple[str, ...]:
    return (
        *_identity(status),
        reach(status),
        number(status.score_last, ".4g"),
        number(status.score_best, ".4g"),
        _left(status),
        duration(status.hours * 3600) if status.attempts else "",
        "" if status.expected_hours is None else duration(status.expected_hours * 3600),
        number(status.p, ".2f"),
        number(status.images_per_second, ".0f"),
        str(status.attempts),
        number(status.r_t, ".2f"),
        number(None if status.joules is None else status.joules / 3600, ".1f"),
        status.ops.partition(" ")[0],
        status.host,
    )


def _identity(status: TrialStatus) -> tuple[str, ...]:
    return status.state, status.trial, status.cell, f"{status.seed}"


def _left(status: TrialStatus) -> str:
    return duration(status.left_seconds) if status.left_seconds and status.state == "running" else ""


def _styles(statuses: Sequence[TrialStatus]) -> list[str]:
    return [STYLES.get(status.state, "") for status in statuses]
