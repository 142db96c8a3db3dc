"""The ask-and-tell interface of a search engine."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from orchestrator.sweep.search_space import Point


class Suggestion(NamedTuple):
    """A configuration that was asked for. `is_open` until somebody has told what became of it."""

    number: int
    point: Point
    is_open: bool


class Result(NamedTuple):
    """What became of a configuration: its best score, None where it has none; `curve` are its scores by kimg.

    A lower score is better: those of metrics that should be high are turned round.
    """

    score: float | None
    curve: Mapping[float, float]
    stopped: bool = False


class Engine(Protocol):
    """Samples configurations, one after the other, from what it was told of those before.

    What is dropped, because it was asked for before, is not among what was asked.
    """

    def asked(self) -> list[Suggestion]: ...
    def ask(self) -> Suggestion: ...
    def drop(self, number: int) -> None: ...
    def tell(self, number: int, result: Result) -> None: ...
    def expect(self, points: Iterable[Point]) -> None: ...
