"""Output of the worker's commands.

Results go to standard output, messages and progress to standard error, so that `--json` can be piped.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.errors import printable

Tick = Callable[[int, int], None]
"""Called with the amount done and the total."""

REPORTS_IN_A_PIPE = 4


def print_result(text: str) -> None:
    """Write a result to standard output."""
    sys.stdout.write(text + "\n")


def log(text: str) -> None:
    """Write a message to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def progress(title: str) -> Iterator[Tick]:
    """Yield a function that shows progress: a bar on a terminal, a few lines in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(title)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(escape(printable(title)), total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def _plain(title: str) -> Tick:
    reported: set[int] = set()

    def tick(done: int, total: int) -> None:
        part = done * REPORTS_IN_A_PIPE // max(total, 1)
        if part and part not in reported:
            reported.add(part)
            log(f"{printable(title)}: {done} of {total}")

    return tick
