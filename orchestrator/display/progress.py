"""Shows the progress of a sweep: bars on a terminal, one line per change in a pipe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.display.duration import duration
from orchestrator.display.trial_table import bar, reach, run_table
from orchestrator.plan.status import TrialStatus, sweep_time_left

PRIORITY = ("running", "failed", "diverged", "lost", "preempted", "pending")
"""States that are shown first if not all trials fit."""

OTHER_LINES = 3
"""Lines of the screen without trials: headings, the sweep's bar, the cursor."""

MARKS, PLAIN_MARKS = "━─", "#-"
"""Characters of a bar, done and not done, in UTF-8 output and in other encodings."""

WHOLE_BAR = 24


class View(Protocol):
    """Shows the progress of a sweep. `to_come` has the expected seconds of each run that is yet to be sampled."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None: ...
    def log(self, text: str) -> None: ...


def view_for(console: Console, quiet: bool = False, parallel: int = 1) -> View:
    """Return the view for a console, for a sweep that runs `parallel` trials at a time."""
    if quiet:
        return Silence()
    kind = Bars if console.is_terminal and not console.is_dumb_terminal else Lines
    return kind(console, parallel)


class Silence:
    """Shows nothing, for --json."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Show nothing."""

    def log(self, text: str) -> None:
        """Print nothing."""


@dataclass
class Screen:
    """The view of a sweep on a terminal: as many trials as fit, and a bar with the remaining time below."""

    parallel: int
    statuses: Sequence[TrialStatus] = ()
    to_come: Sequence[float] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        marks = MARKS if console.encoding.startswith("utf") else PLAIN_MARKS
        height = max(console.height - OTHER_LINES, 2)
        yield run_table(self._in_order(height), height, marks)
        yield Text(sweep_line(self.statuses, self.to_come, self.parallel, marks), no_wrap=True, overflow="ignore")

    def _in_order(self, height: int) -> Sequence[TrialStatus]:
        """Return the trials in the order of the sweep, or by PRIORITY if not all fit."""
        if len(self.statuses) < height:
            return self.statuses
        return sorted(self.statuses, key=_priority)


def _priority(status: TrialStatus) -> int:
    return PRIORITY.index(status.state) if status.state in PRIORITY else len(PRIORITY)


class Bars:
    """A live bar per trial, and one for the sweep."""

    def __init__(self, console: Console, parallel: int = 1) -> None:
        self._screen = Screen(parallel)
        self._live = Live(self._screen, console=console, refresh_per_second=2, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Update the bars."""
        self._screen.statuses, self._screen.to_come = statuses, to_come

    def log(self, text: str) -> None:
        """Print a line above the bars."""
        self._live.console.print(Text(text))


class Lines:
    """Prints a line when a trial changes state or completes another tenth, and a summary when a run is over."""

    def __init__(self, console: Console, parallel: int = 1) -> None:
        self._console = console
        self._parallel = parallel
        self._over = 0
        self._shown: dict[tuple[str, int], tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, statuses: Sequence[TrialStatus], to_come: Sequence[float] = ()) -> None:
        """Print the changes."""
        for status in statuses:
            key, now = (status.cell, status.seed), (status.state, int(10 * status.kimg / status.horizon_kimg))
            if self._shown.get(key) != now:
                self._shown[key] = now
                self.log(status_line(status))
        over = sum(status.is_over for status in statuses)
        if over > self._over:
            self.log(f"{'sweep':>9}  {sweep_summary(statuses, to_come, self._parallel)}")
        self._over = over

    def log(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text), soft_wrap=True)


def sweep_line(statuses: Sequence[TrialStatus], to_come: Sequence[float], parallel: int, marks: str) -> str:
    """Return the progress of a sweep: a bar, the number of finished runs, and the remaining time."""
    if not statuses:
        return ""
    shares = [1.0 if status.is_over else min(status.kimg / status.horizon_kimg, 1.0) for status in statuses]
    share = sum(shares) / (len(statuses) + len(to_come))
    text = sweep_summary(statuses, to_come, parallel)
    return f"{'sweep':<9}  {bar(share, WHOLE_BAR, marks)}  {share:.0%}  {text}"


def sweep_summary(statuses: Sequence[TrialStatus], to_come: Sequence[float], parallel: int) -> str:
    """Return the number of finished runs of a sweep, and the remaining time."""
    runs, over = len(statuses) + len(to_come), sum(status.is_over for status in statuses)
    left = sweep_time_left(statuses, to_come, parallel)
    return f"{over} of {runs} finished" + (f", about {duration(left)} left" if left else "")


def status_line(status: TrialStatus) -> str:
    """Return a status as one line."""
    head = f"{status.state:>9}  {status.trial}  {status.cell} #{status.seed}"
    return "  ".join(part for part in (head, f"{reach(status)} kimg", status_details(status), status.wrong) if part)


def status_details(status: TrialStatus) -> str:
    """Return score, p, speed, current activity and remaining time."""
    parts = []
    if status.score_last is not None:
        parts.append(f"{status.score} {status.score_last:.4g} (best {status.score_best:.4g})")
    if status.p is not None:
        parts.append(f"p {status.p:.2f}")
    if status.images_per_second is not None:
        parts.append(f"{status.images_per_second:.0f} img/s")
    if status.state == "running":
        left = f"about {duration(status.left_seconds)} left" if status.left_seconds else ""
        parts += [part for part in (status.doing, left) if part]
    return "  ".join(parts)
