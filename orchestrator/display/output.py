"""Output streams: results go to stdout, progress to stderr. With --json, stdout contains only JSON."""

import sys
from typing import Any

from rich.console import Console, RenderableType

from trainer.command_line.printable import PrintableConsole
from trainer.files import strict_json

WIDEST = 10_000
ROWS = 60
"""Maximum number of rows of a table; `--json` has them all."""


def result_console() -> Console:
    """Return the console for results."""
    return PrintableConsole(highlight=False)


def progress_console() -> Console:
    """Return the console for progress."""
    return PrintableConsole(stderr=True, highlight=False)


def show_wrapped(console: Console, renderable: RenderableType) -> None:
    """Print wrapped to the width of a terminal, or unwrapped and without trailing blanks to a pipe."""
    if console.is_terminal:
        console.print(renderable)
        return
    console.width = WIDEST
    with console.capture() as captured:
        console.print(renderable)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def print_json(document: Any) -> None:
    """Print a document to stdout as one line of JSON."""
    sys.stdout.write(strict_json(document) + "\n")
