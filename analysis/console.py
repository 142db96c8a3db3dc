"""Terminal output: the only module of this package that writes to the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from trainer.command_line.printable import PrintableConsole
from trainer.command_line.table import FittedTable
from trainer.command_line.table import show as show_fitted
from trainer.files import strict_json

OUT = PrintableConsole(highlight=False, markup=False)


def print_line(text: str) -> None:
    """Print a line unchanged: neither wrapped nor coloured."""
    OUT.out(text, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as strict JSON: NaN and infinity become null."""
    OUT.out(strict_json(value, indent=1), highlight=False)


def print_table(table: FittedTable, notes: Sequence[str] = ()) -> None:
    """Print a table with notes below it: fitted to the width of a terminal, at full width in a pipe."""
    show_fitted(OUT, table, *map(Text, notes))
