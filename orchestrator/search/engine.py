"""The ask-and-tell interface of a search engine."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from orchestrator.sweep.search_space import Point


class Suggestion(NamedTuple):
    """A sampled configuration. `is_open` until its result is reported with `tell`."""

    number: int
    point: Point
    is_open: bool


class Result(NamedTuple):
    """The result of a configuration: its best score, or None, and its scores by kimg (`curve`).

    Lower scores are better: scores of metrics where higher is better are negated.
    """

    score: float | None
    curve: Mapping[float, float]
    stopped: bool = False


class Engine(Protocol):
    """Samples configurations one by one, based on the results of earlier ones.

    `asked` does not include dropped configurations, which are repetitions of earlier ones, or damaged. `kept` are the
    configurations in the plan.
    """

    def asked(self, kept: Collection[Point] = ()) -> list[Suggestion]: ...
    def ask(self) -> Suggestion: ...
    def drop(self, number: int) -> None: ...
    def tell(self, number: int, result: Result) -> None: ...
    def expect(self, points: Iterable[Point]) -> None: ...
