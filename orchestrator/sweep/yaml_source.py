"""Reads a YAML file as plain values, with the line of every value.

Scalars are YAML 1.2 (`off` and `no` are text, `1e-3` is a number, `010` is ten); duplicate keys and tags are rejected;
the expansion of aliases is bounded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from orchestrator.errors import Problem, SweepError

MAX_BYTES = 1_000_000
MAX_NODES = 400_000
MAX_DEPTH = 40

KeyPath = tuple[str | int, ...]
"""The path of a value in a file: keys of mappings and indices of lists, from the top."""


@dataclass(frozen=True)
class YamlSource:
    """A YAML file: its plain values, and the line (counted from 1) of each.

    `included` are the files that `values` override: later ones override earlier ones, and the file itself all of them.
    """

    file: Path
    values: dict[str, Any]
    lines: Mapping[KeyPath, int]
    included: tuple["YamlSource", ...] = ()

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, or of its nearest parent that is in a file."""
        return self.place(path)[1]

    def place(self, path: KeyPath) -> tuple[Path, int]:
        """Return the file and the line of `path`, or of its nearest parent."""
        while path:
            holder = next((source for source in self._holders() if path in source.lines), None)
            if holder:
                return holder.file, holder.lines[path]
            path = path[:-1]
        return self.file, self.lines.get((), 1)

    def has(self, path: KeyPath) -> bool:
        """Return whether `path` exists, here or in an included file."""
        return any(path in source.lines for source in self._holders())

    def problem(self, path: KeyPath, text: str, key: str = "") -> Problem:
        """Return a problem with the value at `path`, for a SweepError."""
        file, line = self.place(path)
        return Problem(f"{file}:{line}", key or spelled(path), text)

    def _holders(self) -> Iterator["YamlSource"]:
        yield self
        for source in reversed(self.included):
            yield from source._holders()


def spelled(path: KeyPath) -> str:
    """Return `path` in readable form: `grid.augment[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "file"


def load(file: Path) -> YamlSource:
    """Return the content of a YAML file, whose root must be a mapping. Raises SweepError with lines."""
    text = _read(file)
    try:
        root = YAML(typ="rt", pure=True).compose(text)
        lines = _lines(root)
        values = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        raise _failure(file, error) from None
    except (YAMLError, ValueError, RecursionError, _TooMuch) as error:
        raise SweepError([Problem(f"{file}:1", "file", str(error) or "nested too deeply")]) from None
    if not isinstance(values, dict):
        raise SweepError([Problem(f"{file}:1", "file", "is not a mapping of keys to values")])
    return YamlSource(file, values, lines)


class _TooMuch(Exception):
    """Aliases that expand too far."""


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SweepError([Problem(f"{file}:1", "file", f"is larger than {MAX_BYTES:,} bytes")])
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SweepError([Problem(str(file), "file", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError:
        raise SweepError([Problem(f"{file}:1", "file", "is not UTF-8 text")]) from None


def _failure(file: Path, error: MarkedYAMLError) -> SweepError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    return SweepError([Problem(f"{file}:{line}", "YAML", error.problem or error.context or "cannot be read")])


def _lines(root: Node | None) -> dict[KeyPath, int]:
    """Return the line of every key and item, with aliases expanded, up to MAX_NODES and MAX_DEPTH."""
    lines: dict[KeyPath, int] = {}
    stack: list[tuple[KeyPath, Node]] = [((), root)] if root else []
    while stack:
        path, node = stack.pop()
        if len(lines) > MAX_NODES or len(path) > MAX_DEPTH:
            raise _TooMuch("is too large or nested too deeply after expanding aliases")
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
