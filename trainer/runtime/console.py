"""The one place where the worker's commands speak to a person or a pipe.

Results go to standard output, everything on the way there to standard error, so that `--json` can be piped.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.errors import printable

Tick = Callable[[int, int], None]
"""Called with how much is done and how much there is."""

REPORTS_IN_A_PIPE = 4


def result(text: str) -> None:
    """Write a result to standard output."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Tell what is being done, or what went wrong."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def progress(title: str) -> Iterator[Tick]:
    """Yield a function that shows how far things are: a bar on a terminal, a few plain lines in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(title)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(escape(printable(title)), total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def _plain(title: str) -> Tick:
    told: set[int] = set()

    def tick(done: int, total: int) -> None:
        part = done * REPORTS_IN_A_PIPE // max(total, 1)
        if part and part not in told:
            told.add(part)
            say(f"{printable(title)}: {done} of {total}")

    return tick
