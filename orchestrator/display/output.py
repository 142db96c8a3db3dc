"""Output streams: results go to stdout, progress to stderr; with --json, stdout gets JSON only."""

import sys
from typing import Any

from rich.console import Console

from trainer.command_line.printable import PrintableConsole
from trainer.files import strict_json


def results() -> Console:
    """Return the console for results."""
    return PrintableConsole(highlight=False)


def news() -> Console:
    """Return the console for progress."""
    return PrintableConsole(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """Print a document to stdout as one line of JSON."""
    sys.stdout.write(strict_json(document) + "\n")
