"""The one place where this package writes to the terminal."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from trainer.command_line.printable import PrintableConsole
from trainer.files import strict_json

OUT = PrintableConsole(highlight=False, markup=False)


def say(text: str) -> None:
    """Write a line as it is: not wrapped, not coloured."""
    OUT.out(text, highlight=False)


def say_json(value: Any) -> None:
    """Write a value as JSON, with numbers that JSON has: NaN and infinity become null."""
    OUT.out(strict_json(value, indent=1), highlight=False)


def show(table: Table, notes: Sequence[str] = ()) -> None:
    """Write a table and notes below it; 200 columns wide where the output is not a terminal."""
    console = OUT if sys.stdout.isatty() else PrintableConsole(highlight=False, markup=False, width=200)
    console.print(table)
    for note in notes:
        say(note)
