"""Reads a YAML file as plain values, with the line of every value.

Scalars are YAML 1.2 (`off` and `no` are text, `1e-3` is a number, `010` is ten); duplicate keys and tags are rejected;
the expansion of aliases is bounded.
"""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from orchestrator.errors import Problem, SweepError
from orchestrator.sweep.yaml_source import KeyPath
from trainer.files import read_regular

MAX_BYTES = 1_000_000
MAX_NODES = 400_000
MAX_DEPTH = 40


def read_yaml(file: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """Return the values of a YAML file, whose root must be a mapping, and their lines. Raises SweepError with lines."""
    text = _read(file)
    try:
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
        lines = _lines(root)
        values = yaml.constructor.construct_document(root) if root else None
    except MarkedYAMLError as error:
        raise _failure(file, error) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"unacceptable character U+{error.character:04X}; remove it"
        raise SweepError([Problem(f"{file}:{line}", "YAML", what)]) from None
    except _NoText as error:
        raise SweepError(
            [Problem(f"{file}:{error.line}", "YAML", "half a character (a lone surrogate); remove it")]
        ) from None
    except RecursionError:
        raise SweepError([Problem(f"{file}:1", "file", "is nested too deeply")]) from None
    except (YAMLError, ValueError, _TooMuch) as error:
        raise SweepError([Problem(f"{file}:1", "file", str(error))]) from None
    if not isinstance(values, dict):
        raise SweepError([Problem(f"{file}:1", "file", "is not a mapping of keys to values")])
    return values, lines


class _TooMuch(Exception):
    """Aliases that expand too far."""


class _NoText(Exception):
    """A text that no file can hold, in this line."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SweepError([Problem(f"{file}:1", "file", f"is larger than {MAX_BYTES:,} bytes")])
        return read_regular(file).decode()
    except OSError as error:
        raise SweepError([Problem(str(file), "file", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError:
        raise SweepError([Problem(f"{file}:1", "file", "is not UTF-8 text")]) from None


def _failure(file: Path, error: MarkedYAMLError) -> SweepError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = (error.problem or error.context or "cannot be read").partition(" with value ")[0]
    return SweepError([Problem(f"{file}:{line}", "YAML", problem)])


def _lines(root: Node | None) -> dict[KeyPath, int]:
    """Return the line of every key and item, with aliases expanded, up to MAX_NODES and MAX_DEPTH."""
    lines: dict[KeyPath, int] = {}
    stack: list[tuple[KeyPath, Node]] = [((), root)] if root else []
    while stack:
        path, node = stack.pop()
        if len(lines) > MAX_NODES or len(path) > MAX_DEPTH:
            raise _TooMuch("is too large or nested too deeply after expanding aliases")
        if isinstance(node, ScalarNode) and any("\ud800" <= one <= "\udfff" for one in node.value):
            raise _NoText(node.start_mark.line + 1)
        lines.setdefault(path, node.start_mark.line + 1)
        stack.extend(_children(path, node, lines))
    return lines


def _children(path: KeyPath, node: Node, lines: dict[KeyPath, int]) -> list[tuple[KeyPath, Node]]:
    if isinstance(node, SequenceNode):
        return [((*path, index), item) for index, item in enumerate(node.value)]
    if not isinstance(node, MappingNode):
        return []
    children = []
    for key, value in node.value:
        where = (*path, str(key.value))
        lines[where] = key.start_mark.line + 1
        children.append((where, value))
    return children
