"""Invalid values of a cell, with their places in the sweep file."""

from typing import NamedTuple, Self

from orchestrator.sweep.yaml_source import KeyPath


class Misfit(NamedTuple):
    """An invalid value: its path, the problem, and the path of another value involved."""

    path: KeyPath
    text: str
    other: KeyPath | None = None
    concerns_cell: bool = False


class Misfits(Exception):
    """Invalid values of a cell.

    `hides_others`: without them, other values of the cell cannot be checked.
    """

    def __init__(self, found: list[Misfit], *, hides_others: bool = False) -> None:
        self.found = found
        self.hides_others = hides_others
        super().__init__(found)


class MisfitCollector:
    """Collects the invalid values that independent steps of making a cell find."""

    def __init__(self) -> None:
        self.found: list[Misfit] = []
        self._hides_others = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Misfits):
            self.found += error.found
            self._hides_others |= error.hides_others
        return isinstance(error, Misfits)

    def require_none(self) -> None:
        """Raise Misfits with all that was found, if anything was."""
        if self.found:
            raise Misfits(self.found, hides_others=self._hides_others)
