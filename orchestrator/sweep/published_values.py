"""Published values in a sweep file, checked like claims before anything runs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.claims.cells import Cells, cell_of, require_names
from trainer.config.claims.grammar import ClaimProblem, Side, is_measured
from trainer.config.published_value import PublishedValue
from trainer.errors import did_you_mean


class UnreadValue(PublishedValue):
    """What takes the place of a published value that cannot be read: nothing more is said of it.

    A type, because a file may have any text.
    """


def unread_value(_place: int, _values: Sequence[Any]) -> UnreadValue:
    """Return what takes the place of a published value that cannot be read."""
    return UnreadValue(of="unreadable", metric="unreadable", value=0, source="unreadable")


def _read(values: Sequence[PublishedValue]) -> Iterator[tuple[int, PublishedValue]]:
    return ((index, value) for index, value in enumerate(values) if not isinstance(value, UnreadValue))


def published_problems(values: Sequence[PublishedValue], metrics: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    """Yield problems of published values by themselves: grammar, and metrics that the sweep does not measure."""
    for index, value in _read(values):
        try:
            value.side  # noqa: B018
        except ClaimProblem as problem:
            yield ("published", index, "of"), f'"{value.of}": {problem}'
        if not is_measured(value.metric, metrics):
            near = did_you_mean(value.metric, metrics)
            yield ("published", index, "metric"), f"{value.metric} is not measured; metrics: {', '.join(metrics)}{near}"


def misnamed_values(values: Sequence[PublishedValue], examples: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield published values of names that no configuration of a search has, of which `examples` are some."""
    yield from _refused(values, examples, require_names)


def misplaced_values(values: Sequence[PublishedValue], cells: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield published values, all of them well-formed, that do not name one cell of the sweep."""
    yield from _refused(values, cells, cell_of)


def _refused(
    values: Sequence[PublishedValue], cells: Cells, check: Callable[[Side, Cells], object]
) -> Iterator[tuple[KeyPath, str]]:
    for index, value in _read(values):
        try:
            check(value.side, cells)
        except ClaimProblem as problem:
            yield ("published", index, "of"), str(problem)
