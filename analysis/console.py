"""The one place where this package writes to the terminal."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

OUT = Console(highlight=False, markup=False)
ERR = Console(stderr=True, highlight=False, markup=False)


def say(text: str) -> None:
    """Write a line as it is: not wrapped, not coloured."""
    OUT.out(text, highlight=False)


def say_json(value: Any) -> None:
    """Write a value as JSON, with numbers that JSON has: NaN and infinity become null."""
    OUT.out(json.dumps(_plain(value), indent=1), highlight=False)


def show(table: Table, notes: Sequence[str] = ()) -> None:
    """Write a table and notes below it; as wide as it needs to be where nobody looks at a terminal."""
    console = OUT if sys.stdout.isatty() else Console(highlight=False, markup=False, width=200)
    console.print(table)
    for note in notes:
        say(note)


def complain(text: str) -> None:
    """Write one line of error."""
    ERR.out(f"error: {text}", style="red", highlight=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
