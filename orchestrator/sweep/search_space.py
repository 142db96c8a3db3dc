"""The search space of a sweep: one dimension per key, some of them conditional."""

import json
import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from orchestrator.sweep.keys import Assignments, AxisValues
from trainer.config.plan_file import OverSeeds
from trainer.config.spec import Positive, PositiveInt, Seed, Settings

DIGITS = 4
"""Significant digits of sampled numbers: precise enough to search, short enough to read."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Point = Mapping[str, Any]
"""One configuration of a search: dotted keys and their values."""

Applies = Callable[[Assignments, Point], bool]
"""Returns whether a condition holds in the sweep's settings, overridden by a point."""


class Suggests(Protocol):
    """The sampler: a trial of Optuna or of Ray Tune."""

    def suggest_float(self, name: str, low: float, high: float, /, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, /) -> int: ...
    def suggest_categorical(self, name: str, choices: Any, /) -> Any: ...


class Dimension(Settings):
    """The values of one key. Configurations in which `when` does not hold do not have it."""

    model_config = ConfigDict(populate_by_name=True)

    when: Assignments = {}

    @abstractmethod
    def suggested(self, key: str, by: Suggests) -> Any:
        """Return the sampled value."""

    @abstractmethod
    def examples(self) -> list[Any]:
        """Return values to validate before anything runs: one from the middle, then the extremes."""

    def values(self) -> Iterable[Any]:
        """Return all values if they can be enumerated, else the examples."""
        return self.examples()

    def token(self, value: Any) -> Any:
        """Return the sampler's name for a value."""
        return value


class Uniform(Dimension):
    """Any number from the first to the second."""

    uniform: tuple[Finite, Finite]

    def suggested(self, key: str, by: Suggests) -> float:
        return _rounded(by.suggest_float(key, *self.uniform), *self.uniform)

    def examples(self) -> list[float]:
        return [_rounded(sum(self.uniform) / 2, *self.uniform), *self.uniform]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _require_order("uniform", self.uniform)
        return self


class LogUniform(Dimension):
    """Any number from the first to the second, each order of magnitude as likely as another."""

    log_uniform: tuple[Positive, Positive]

    def suggested(self, key: str, by: Suggests) -> float:
        return _rounded(by.suggest_float(key, *self.log_uniform, log=True), *self.log_uniform)

    def examples(self) -> list[float]:
        low, high = self.log_uniform
        return [_rounded(math.sqrt(low * high), low, high), low, high]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _require_order("log_uniform", self.log_uniform)
        return self


class Whole(Dimension):
    """Any whole number from the first to the second, both included."""

    int_: tuple[int, int] = Field(alias="int")

    def suggested(self, key: str, by: Suggests) -> int:
        return by.suggest_int(key, *self.int_)

    def examples(self) -> list[int]:
        return [sum(self.int_) // 2, *self.int_]

    def values(self) -> Iterable[int]:
        return range(self.int_[0], self.int_[1] + 1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _require_order("int", self.int_)
        return self


class Choice(Dimension):
    """One of these values."""

    choice: AxisValues

    def suggested(self, key: str, by: Suggests) -> JsonValue:
        tokens = [self.token(value) for value in self.choice]
        return self.choice[tokens.index(by.suggest_categorical(key, tokens))]

    def examples(self) -> list[Any]:
        return list(self.choice)

    def token(self, value: Any) -> Any:
        """Return a string or number as it is, and anything else as JSON text, as Optuna requires."""
        return value if isinstance(value, str | int | float | bool) else json.dumps(value, sort_keys=True)


KINDS = {"uniform": "uniform", "log_uniform": "log_uniform", "int": "int", "int_": "int", "choice": "choice"}


def _kind(value: Any) -> str | None:
    """Return the only kind of values that a dimension has; None if it has none, or several."""
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    kinds = {kind for name, kind in KINDS.items() if name in fields}
    return kinds.pop() if len(kinds) == 1 else None


AnyDimension = Annotated[
    Annotated[Uniform, Tag("uniform")]
    | Annotated[LogUniform, Tag("log_uniform")]
    | Annotated[Whole, Tag("int")]
    | Annotated[Choice, Tag("choice")],
    Discriminator(
        _kind,
        custom_error_type="no_dimension",
        custom_error_message="needs one of uniform: [A, B], log_uniform: [A, B], int: [A, B], choice: [...]",
    ),
]


MOST_SAMPLED = 200_000


class Search(Settings):
    """Samples configurations one by one, based on the results of earlier ones.

    trials: total number of configurations     parallel: number at a time     startup: number of random ones first (tpe)
    driver: optuna (on any backend), or ray_tune (Ray Tune inside a Ray cluster)
    over_seeds: what of a configuration's trials is minimised: the mean of their scores, or the worst
    """

    trials: Annotated[PositiveInt, Field(le=MOST_SAMPLED)]
    space: dict[str, AnyDimension] = Field(min_length=1)
    sampler: Literal["tpe", "random"] = "tpe"
    driver: Literal["optuna", "ray_tune"] = "optuna"
    over_seeds: OverSeeds = "mean"
    startup: PositiveInt = 10
    parallel: PositiveInt = 4
    seed: Seed = 0


def sampled(space: Mapping[str, AnyDimension], by: Suggests, applies: Applies) -> dict[str, Any]:
    """Return a configuration sampled dimension by dimension, in the order of the file."""
    return chosen(space, lambda key, dimension: dimension.suggested(key, by), applies)


def chosen(
    space: Mapping[str, AnyDimension], choose: Callable[[str, AnyDimension], Any], applies: Applies
) -> dict[str, Any]:
    """Return the point whose applicable dimensions have the values returned by `choose`."""
    point: dict[str, Any] = {}
    for key, dimension in space.items():
        if not dimension.when or applies(dimension.when, point):
            point[key] = choose(key, dimension)
    return point


def every(space: Mapping[str, AnyDimension], applies: Applies) -> Iterator[Point]:
    """Yield every point of a countable space, in order."""
    points: Iterable[dict[str, Any]] = [{}]
    for key, dimension in space.items():
        points = _grown(points, key, dimension, applies)
    return iter(points)


def _grown(points: Iterable[dict[str, Any]], key: str, dimension: AnyDimension, applies: Applies) -> Iterator[Any]:
    for point in points:
        if dimension.when and not applies(dimension.when, point):
            yield point
        else:
            yield from ({**point, key: value} for value in dimension.values())


def is_countable(space: Mapping[str, AnyDimension]) -> bool:
    """Return whether a space can be enumerated: it has only choices and whole numbers."""
    return all(isinstance(dimension, Choice | Whole) for dimension in space.values())


def examples(space: Mapping[str, AnyDimension], applies: Applies) -> list[dict[str, Any]]:
    """Return points that cover every choice, and the middle and ends of every range; the first one is typical."""
    points = []
    for turn in range(max(len(dimension.examples()) for dimension in space.values())):
        for fixed in [key for key, dimension in space.items() if isinstance(dimension, Choice)] or [""]:
            points += [chosen(space, _turned(turn, fixed, value), applies) for value in _values(space, fixed)]
    return [point for index, point in enumerate(points) if point not in points[:index]]


def _values(space: Mapping[str, AnyDimension], key: str) -> list[Any]:
    return space[key].examples() if key else [None]


def _turned(turn: int, fixed: str, value: Any) -> Callable[[str, AnyDimension], Any]:
    def choose(key: str, dimension: AnyDimension) -> Any:
        values = dimension.examples()
        return value if key == fixed else values[turn % len(values)]

    return choose


def _rounded(number: float, low: float, high: float) -> float:
    return min(max(float(f"{number:.{DIGITS}g}"), low), high)


def _require_order(name: str, ends: tuple[float, float]) -> None:
    if ends[0] >= ends[1]:
        raise ValueError(f"{name}: {ends[0]:g} is not less than {ends[1]:g}")
