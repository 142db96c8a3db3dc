"""No process is a forked copy of another: torch and the native operations would wait for threads that it lacks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "trainer", "analysis")
FORKING = {"fork", "forkpty", "multiprocessing", "ProcessPoolExecutor", "DataLoader"}


def names_of(path: Path) -> Iterator[str]:
    """Yield each name that a file imports or takes from a module, by parts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (part for name in names for part in name.split("."))


@pytest.mark.parametrize("package", PACKAGES)
def test_processes_start_another_program(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert {str(path): found for path in files if (found := FORKING & {*names_of(path)})} == {}
