"""The base of every setting: frozen, typed, and refusing what it does not know."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
PositiveInt = Annotated[int, Field(ge=1)]
MOST_EVALUATION_SEEDS = 1000
EvaluationSeeds = Annotated[int, Field(ge=1, le=MOST_EVALUATION_SEEDS)]


def is_off(value: object) -> bool:
    """Whether a setting that came later than trials without it is off: it is then no part of their identity."""
    return value is False or value is None


def is_on(value: object) -> bool:
    """Whether a setting that came later than trials without it is on, as it always was."""
    return value is True


def is_one(value: object) -> bool:
    """Whether a number that came later than trials without it is 1, as it always was."""
    return value == 1


class Settings(BaseModel):
    """A group of settings. Unknown keys and later changes are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Spec(Settings):
    """A tagged choice: `type` names it, its fields are its settings, `module` holds what implements it.

    `augment: ada` in a sweep is short for `augment: {type: ada}`.
    """

    module: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value
