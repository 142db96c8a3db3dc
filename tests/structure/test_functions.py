"""No function has more than 40 lines, as it would have more than one job. Ruff checks the complexity (C90)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "trainer", "analysis", "infra", "benchmarks", "tests")
MOST_LINES = 40


def long_functions(path: Path) -> Iterator[str]:
    """Yield `file:line name (lines)` for every function that is too long, decorators not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MOST_LINES:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({lines})"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_has_more_than_forty_lines(package: str) -> None:
    assert [found for path in sorted((ROOT / package).rglob("*.py")) for found in long_functions(path)] == []
