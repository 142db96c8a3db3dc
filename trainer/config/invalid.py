"""What is wrong between the fields of a configuration, told beside what is wrong with single fields."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails, InitErrorDetails

from trainer.config.spec import Settings


def with_others(error: ValidationError, found: Sequence[str], value: object) -> ValidationError:
    """Return the errors of single fields together with what was found between fields."""
    details = [_given_again(detail) for detail in error.errors()]
    return ValidationError.from_exception_data(error.title, [*details, *whole_errors(found, value)])


def whole_errors(found: Sequence[str], value: object) -> list[InitErrorDetails]:
    """Return errors of a whole configuration."""
    return [InitErrorDetails(type="value_error", input=value, ctx={"error": ValueError(text)}) for text in found]


def valid_fields(model: type[BaseModel], value: object, error: ValidationError) -> dict[str, Any]:
    """Return the validated fields of a model that are not wrong, by name."""
    wrong = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    if not isinstance(value, Mapping) or not wrong:
        return {}
    names = frozenset(model.model_fields) - wrong
    part = _part_of(model, names).model_validate({key: value[key] for key in value if key in names})
    return {name: getattr(part, name) for name in names}


@cache
def _part_of(model: type[BaseModel], names: frozenset[str]) -> type[BaseModel]:
    """Return a model of some fields of a model."""
    fields: dict[str, Any] = {name: (model.model_fields[name].annotation, model.model_fields[name]) for name in names}
    return create_model(f"PartOf{model.__name__}", __base__=Settings, **fields)


def _given_again(detail: ErrorDetails) -> InitErrorDetails:
    again = InitErrorDetails(type=detail["type"], loc=detail["loc"], input=detail["input"])
    return InitErrorDetails(**again, ctx=detail["ctx"]) if "ctx" in detail else again
