"""Base classes of settings: frozen, typed, rejecting unknown keys."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
PositiveInt = Annotated[int, Field(ge=1)]
Width = Annotated[int, Field(ge=1, le=2**20)]
"""Numbers of features: far above those of published networks."""
Depth = Annotated[int, Field(ge=1, le=1000)]
BatchSize = Annotated[int, Field(ge=1, le=2**20)]
Interval = Annotated[float, Field(ge=1e-3, allow_inf_nan=False)]
"""Thousands of images between two events: at least one image."""
MOST_EVALUATION_SEEDS = 1000
EvaluationSeeds = Annotated[int, Field(ge=1, le=MOST_EVALUATION_SEEDS)]


def is_off(value: object) -> bool:
    """Return whether an optional setting is off; it is then excluded from dumps, to keep earlier trial ids."""
    return value is False or value is None


def is_on(value: object) -> bool:
    """Return whether a setting has the earlier behaviour, on; it is then excluded from dumps likewise."""
    return value is True


def is_one(value: object) -> bool:
    """Return whether a number has the earlier value, 1; it is then excluded from dumps likewise."""
    return value == 1


class Settings(BaseModel):
    """A group of settings. Immutable; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _booleans_are_no_numbers(cls, value: Any) -> Any:
        """Write booleans out where only numbers are allowed: they are refused as text, and would pass as 0 and 1."""
        if not isinstance(value, dict):
            return value
        found = {key: value[key] for key in numeric_keys(cls) if key in value}
        return {**value, **{key: _written_out(one) for key, one in found.items() if _has_boolean(one)}}


@cache
def numeric_keys(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys of a model whose values are numbers, or lists or mappings of numbers, and never text."""
    fields = {field.alias or name: set(_plain_types(field.annotation)) for name, field in model.model_fields.items()}
    return frozenset(key for key, types in fields.items() if types & {int, float} and not types & {bool, str})


def _plain_types(annotation: Any) -> Iterator[Any]:
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _plain_types(part)


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _has_boolean(value: Any) -> bool:
    return isinstance(value, bool) or any(isinstance(part, bool) for part in _parts(value))


def _written_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _written_out(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_written_out(part) for part in value]
    return str(value).lower() if isinstance(value, bool) else value


class Spec(Settings):
    """A tagged choice: `type` is its name, its fields are its settings, `module` has its implementation.

    `augment: ada` in a sweep is short for `augment: {type: ada}`.
    """

    module: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value
