"""The one place where this package writes to the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from trainer.command_line.printable import PrintableConsole
from trainer.command_line.table import FittedTable
from trainer.command_line.table import show as show_fitted
from trainer.files import strict_json

OUT = PrintableConsole(highlight=False, markup=False)


def say(text: str) -> None:
    """Write a line as it is: not wrapped, not coloured."""
    OUT.out(text, highlight=False)


def say_json(value: Any) -> None:
    """Write a value as JSON, with numbers that JSON has: NaN and infinity become null."""
    OUT.out(strict_json(value, indent=1), highlight=False)


def show(table: FittedTable, notes: Sequence[str] = ()) -> None:
    """Write a table and notes below it: on a terminal it fits, in a pipe it is as wide as it needs to be."""
    show_fitted(OUT, table, *map(Text, notes))
