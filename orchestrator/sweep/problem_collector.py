"""Collects the problems of a sweep's cells: one line per problem, with the cells it concerns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from orchestrator.errors import Problem, SweepError
from orchestrator.sweep.misfit import Misfit, Misfits
from orchestrator.sweep.reader import Sweep

SHOWN = 3


class ProblemCollector:
    """The problems of a sweep, in the order in which they are found.

    `hides_others`: without a value that is invalid, other values of some cell could not be checked.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.hides_others = False
        self._sweep = sweep
        self._cells: dict[Misfit, list[str]] = {}

    def add(self, cell: str, found: Sequence[Misfit]) -> None:
        """Add problems of a cell."""
        for misfit in found:
            self._cells.setdefault(misfit, []).append(cell)

    def add_common(self, others: Sequence["ProblemCollector"]) -> None:
        """Add the problems that all of `others` have."""
        first, *rest = others
        for misfit, cells in first._cells.items():
            if all(misfit in other._cells for other in rest):
                self._cells.setdefault(misfit, []).extend(cells)

    @contextmanager
    def collecting(self, cell: str) -> Iterator[None]:
        """Add the problems of a cell that are raised within this context."""
        try:
            yield
        except Misfits as error:
            self.add(cell, error.found)
            self.hides_others |= error.hides_others

    @property
    def problems(self) -> list[Problem]:
        """Return all problems."""
        return [self._problem(misfit, list(dict.fromkeys(cells))) for misfit, cells in self._cells.items()]

    def require_none(self) -> None:
        """Raise SweepError with all problems, if there are any."""
        if self._cells:
            raise SweepError(self.problems)

    def _problem(self, misfit: Misfit, cells: list[str]) -> Problem:
        text = misfit.text
        if misfit.other:
            text = f"{text} ({self._sweep.problem(misfit.other, '').place})"
        return self._sweep.problem(misfit.path, f"{text} ({listed(cells)})" if misfit.concerns_cell else text)


def listed(cells: Sequence[str]) -> str:
    """Return the first cells by label, and how many more there are."""
    more = f" and {len(cells) - SHOWN:,} more" if len(cells) > SHOWN else ""
    return f"cell{'s' if len(cells) > 1 else ''} {'; '.join(cells[:SHOWN])}{more}"
