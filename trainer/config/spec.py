"""Base classes of settings: frozen, typed, rejecting unknown keys."""

from typing import Annotated, Any, ClassVar

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


class Spec(Settings):
    """A tagged choice: `type` is its name, its fields are its settings, `module` has its implementation.

    `augment: ada` in a sweep is short for `augment: {type: ada}`.
    """

    module: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value
