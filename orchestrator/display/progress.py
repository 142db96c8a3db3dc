"""Progress of a sweep: bars on a terminal, one line per change in a pipe."""

from collections.abc import Sequence
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from orchestrator.display.plan_table import duration
from orchestrator.plan.status import TrialStatus

SHOWN = 40
"""Bars on a screen at most; the others are counted."""

MARKS = {
    "running": "[cyan]",
    "done": "[green]",
    "failed": "[red]",
    "stopped": "[magenta]",
    "lost": "[red]",
    "preempted": "[yellow]",
}


class View(Protocol):
    """Shows how a sweep is getting on."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def show(self, statuses: Sequence[TrialStatus]) -> None: ...
    def say(self, text: str) -> None: ...


def view_for(console: Console, quiet: bool = False) -> View:
    """Return what suits where the output goes."""
    if quiet:
        return Silence()
    return Bars(console) if console.is_terminal else Lines(console)


class Silence:
    """Shows nothing: the output is for a program."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus]) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


class Bars:
    """One bar per trial: kimg of the horizon, the score last and best, p, images per second."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.1f}/{task.total:g} kimg"),
            TextColumn("{task.fields[told]}"),
        )
        self._progress = Progress(*columns, console=console, refresh_per_second=2)
        self._bars: dict[tuple[str, int], TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, statuses: Sequence[TrialStatus]) -> None:
        """Bring the bars up to date; trials that run come before others where not all fit."""
        ranked = sorted(statuses, key=lambda status: status.state not in ("running", "failed", "lost"))
        for status in [one for one in statuses if one in ranked[:SHOWN]]:
            self._bar(status)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(Text(text))

    def _bar(self, status: TrialStatus) -> None:
        key = (status.cell, status.seed)
        if key not in self._bars:
            self._bars[key] = self._progress.add_task("", total=status.horizon_kimg, told="")
        name = f"{MARKS.get(status.state, '[dim]')}{status.state:>9}[/] {escape(status.cell)} #{status.seed}"
        completed = min(status.kimg, status.horizon_kimg)
        self._progress.update(self._bars[key], description=name, completed=completed, told=in_numbers(status))


class Lines:
    """A plain line whenever a trial changes its state, or has come another tenth of its way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[tuple[str, int], tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus]) -> None:
        """Say what has changed."""
        for status in statuses:
            key, now = (status.cell, status.seed), (status.state, int(10 * status.kimg / status.horizon_kimg))
            if self._said.get(key) != now:
                self._said[key] = now
                self.say(in_a_line(status))

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text), soft_wrap=True)


def in_a_line(status: TrialStatus) -> str:
    """Return a status as one plain line."""
    head = f"{status.state:>9}  {status.trial}  {status.cell} #{status.seed}"
    reach = f"{status.kimg:g}/{status.horizon_kimg:g} kimg"
    return "  ".join(part for part in (head, reach, in_numbers(status), status.wrong) if part)


def in_numbers(status: TrialStatus) -> str:
    """Return the score, p, the speed, and what is being done and for how long yet."""
    told = []
    if status.score_last is not None:
        told.append(f"{status.score} {status.score_last:.4g} (best {status.score_best:.4g})")
    if status.p is not None:
        told.append(f"p {status.p:.2f}")
    if status.images_per_second is not None:
        told.append(f"{status.images_per_second:.0f} img/s")
    if status.state == "running":
        told += [part for part in (status.doing, _left(status)) if part]
    return "  ".join(told)


def _left(status: TrialStatus) -> str:
    if not status.images_per_second:
        return ""
    return f"{duration((status.horizon_kimg - status.kimg) * 1000 / status.images_per_second)} left"
