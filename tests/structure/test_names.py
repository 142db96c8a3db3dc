"""No two types have the same name, across all packages.

A type is a class, or an alias such as `Curve = Mapping[float, float]`. An alias may be defined in several files if all
definitions are equal. Options and arguments of commands are local to their command, and are exempt.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "trainer", "analysis", "infra")
ALIAS = re.compile(r"_?[A-Z]|_?[A-Z]\w*[a-z]\w*")
OF_A_COMMAND = ("Option", "Argument")


def types_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and definition of every type in a file: an alias in full, a class by its location."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, f"class {path.relative_to(ROOT)}:{node.lineno}"
    for node in tree.body:
        name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
        if isinstance(node, ast.Assign) and ALIAS.fullmatch(name) and not name.endswith(OF_A_COMMAND):
            yield name, ast.unparse(node.value)


def test_no_two_types_have_one_name() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for name, definition in types_of(path):
                found[name].add(definition)
    assert {name: sorted(definitions) for name, definitions in found.items() if len(definitions) > 1} == {}
