"""Progress of a sweep: bars on a terminal, one line per change in a pipe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.display.duration import duration
from orchestrator.display.trial_table import bar, reach, run_table
from orchestrator.plan.status import TrialStatus
from orchestrator.plan.time_left import total_time_left

FIRST = ("running", "failed", "lost", "preempted", "pending")
"""States of which trials are shown before others where not all fit."""

AROUND = 3
"""Lines of the screen that are not trials: headings, the sweep's bar, the cursor's line."""

MARKS, PLAIN_MARKS = "━─", "#-"
"""Characters of a bar, done and not done: where the output is UTF-8, and elsewhere."""

WHOLE_BAR = 24


class View(Protocol):
    """Shows how a sweep is getting on. `to_come` has the seconds of each run that is yet to be planned."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None: ...
    def log(self, text: str) -> None: ...


def view_for(console: Console, quiet: bool = False, parallel: int = 1) -> View:
    """Return what suits where the output goes, for a sweep that runs so many trials at a time."""
    if quiet:
        return Silence()
    kind = Bars if console.is_terminal and not console.is_dumb_terminal else Lines
    return kind(console, parallel)


class Silence:
    """Shows nothing: the output is for a program."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Show nothing."""

    def log(self, text: str) -> None:
        """Say nothing."""


@dataclass
class Screen:
    """What a terminal shows of a sweep: as many trials as fit, and below them a bar and the time left for all."""

    parallel: int
    statuses: Sequence[TrialStatus] = ()
    to_come: Sequence[float] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        marks = MARKS if console.encoding.startswith("utf") else PLAIN_MARKS
        height = max(console.height - AROUND, 2)
        yield run_table(self._in_order(height), height, marks)
        yield Text(sweep_line(self.statuses, self.to_come, self.parallel, marks), no_wrap=True, overflow="ignore")

    def _in_order(self, height: int) -> Sequence[TrialStatus]:
        """Return the trials in the order of the sweep, or, where not all fit, those first that are looked for."""
        if len(self.statuses) < height:
            return self.statuses
        return sorted(self.statuses, key=lambda one: FIRST.index(one.state) if one.state in FIRST else len(FIRST))


class Bars:
    """One bar per trial, kept up to date, and one for the sweep."""

    def __init__(self, console: Console, parallel: int = 1) -> None:
        self._screen = Screen(parallel)
        self._live = Live(self._screen, console=console, refresh_per_second=2, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Bring the bars up to date."""
        self._screen.statuses, self._screen.to_come = statuses, to_come

    def log(self, text: str) -> None:
        """Print a line above the bars."""
        self._live.console.print(Text(text))


class Lines:
    """A plain line whenever a trial changes its state, or has come another tenth of its way; one when a run is over."""

    def __init__(self, console: Console, parallel: int = 1) -> None:
        self._console = console
        self._parallel = parallel
        self._over = 0
        self._said: dict[tuple[str, int], tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Say what has changed."""
        for status in statuses:
            key, now = (status.cell, status.seed), (status.state, int(10 * status.kimg / status.horizon_kimg))
            if self._said.get(key) != now:
                self._said[key] = now
                self.log(status_line(status))
        over = sum(status.is_over for status in statuses)
        if over > self._over:
            self.log(f"{'sweep':>9}  {sweep_summary(statuses, to_come, self._parallel)}")
        self._over = over

    def log(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text), soft_wrap=True)


def sweep_line(statuses: Sequence[TrialStatus], to_come: Sequence[float], parallel: int, marks: str) -> str:
    """Return how a sweep is getting on: a bar, how many of its runs are over, and how long all of them take yet."""
    if not statuses:
        return ""
    shares = [1.0 if status.is_over else min(status.kimg / status.horizon_kimg, 1.0) for status in statuses]
    share = sum(shares) / (len(statuses) + len(to_come))
    told = sweep_summary(statuses, to_come, parallel)
    return f"{'sweep':<9}  {bar(share, WHOLE_BAR, marks)}  {share:.0%}  {told}"


def sweep_summary(statuses: Sequence[TrialStatus], to_come: Sequence[float], parallel: int) -> str:
    """Return how many runs of a sweep are over, and how long all the others take yet."""
    runs, over = len(statuses) + len(to_come), sum(status.is_over for status in statuses)
    left = total_time_left([*(status.left_seconds for status in statuses), *to_come], parallel)
    return f"{over} of {runs} finished" + (f", about {duration(left)} left" if left else "")


def status_line(status: TrialStatus) -> str:
    """Return a status as one plain line."""
    head = f"{status.state:>9}  {status.trial}  {status.cell} #{status.seed}"
    return "  ".join(part for part in (head, f"{reach(status)} kimg", status_details(status), status.wrong) if part)


def status_details(status: TrialStatus) -> str:
    """Return the score, p, the speed, and what is being done and for how long yet."""
    told = []
    if status.score_last is not None:
        told.append(f"{status.score} {status.score_last:.4g} (best {status.score_best:.4g})")
    if status.p is not None:
        told.append(f"p {status.p:.2f}")
    if status.images_per_second is not None:
        told.append(f"{status.images_per_second:.0f} img/s")
    if status.state == "running":
        left = f"about {duration(status.left_seconds)} left" if status.left_seconds else ""
        told += [part for part in (status.doing, left) if part]
    return "  ".join(told)
