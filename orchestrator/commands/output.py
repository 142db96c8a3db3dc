"""Where output goes: results to stdout, what happens meanwhile to stderr; with --json, nothing but JSON to stdout."""

import json
import sys
from typing import Any

from rich.console import Console


def results() -> Console:
    """Return the console for what was asked for."""
    return Console(highlight=False)


def news() -> Console:
    """Return the console for what happens meanwhile."""
    return Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """Print a document as JSON to stdout."""
    sys.stdout.write(json.dumps(document, indent=1, allow_nan=False, default=str) + "\n")
