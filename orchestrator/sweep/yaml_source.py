"""A YAML file as plain values, with the line of every value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import Problem
from trainer.config.file_digest import digest_of, joined

KeyPath = tuple[str | int, ...]
"""The path of a value in a file: keys of mappings and indices of lists, from the top."""


@dataclass(frozen=True)
class YamlSource:
    """A YAML file: its plain values, and the line (counted from 1) of each.

    `included` are the files that `values` override: later ones override earlier ones, and the file itself all of them.
    `digest` identifies the file's bytes.
    """

    file: Path
    values: dict[str, Any]
    lines: Mapping[KeyPath, int]
    included: tuple["YamlSource", ...] = ()
    digest: str = ""

    @property
    def joint_digest(self) -> str:
        """Return what identifies the bytes of the file and of all that it includes."""
        return joined(source.digest for source in self._holders())

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

    def depth(self, path: KeyPath) -> int:
        """Return how many files override the one that has `path`: 0 for the file itself."""
        return next((index for index, source in enumerate(self._holders()) if path in source.lines), 0)

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
    from orchestrator.sweep.yaml_reader import read_yaml  # most commands read no YAML: their start does not wait for it

    return YamlSource(file, *read_yaml(file), digest=digest_of(file))
