"""Detects another `trainer` package: other distributions on PyPI install one, which would silently shadow this one."""

import importlib.util
from pathlib import Path

from trainer.errors import UserError

OURS = ("trainer", "analysis")


def require_own_packages() -> None:
    """Raise UserError unless Python imports the packages of this project."""
    here = Path(__file__).resolve().parents[2]
    for name in OURS:
        found = importlib.util.find_spec(name)
        origin = Path(found.origin).resolve() if found and found.origin else None
        if origin is None or origin.parent.parent != here:
            problem = f"Python finds {origin or 'nothing'}, not the package in {here}"
            raise UserError(f"package {name!r}", problem, f"uninstall the other one: pip uninstall {name}")
