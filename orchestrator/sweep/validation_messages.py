"""Makes pydantic's errors readable."""

import re
from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from orchestrator.sweep.keys import NAME_PATTERN, models_in, settable
from orchestrator.sweep.spec import SweepSpec
from trainer.errors import UserError, did_you_mean


def error_text(detail: ErrorDetails) -> str:
    """Return the problem, the value, and a suggestion."""
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "union_tag_not_found" and isinstance(detail["input"], dict):
        return _without_type(detail)
    if detail["type"] == "string_pattern_mismatch" and detail["ctx"]["pattern"] == NAME_PATTERN:
        return f"must be 1 to 64 lower-case letters, digits, - or _, not {detail['input']!r}"
    given, choices = detail["input"], _choices(detail)
    if given is None and not choices and detail["type"].endswith("_type"):
        return "has no value; give one, or leave the key out"
    if detail["type"] == "string_type" and not choices and isinstance(given, bool | int | float | date):
        return f"is read as {given!s}, not as text; put it in quotes"
    if detail["type"] in ("list_type", "tuple_type") and isinstance(given, str):
        return f"must be a list, not {given!r}; write [{given!r}]"
    if choices:
        given = given.get("type", given) if isinstance(given, dict) else given
        return f"{given!r} is not one of: {', '.join(choices)}{did_you_mean(str(given), choices)}"
    if detail["type"] in ("model_attributes_type", "model_type"):
        return f"must be a group of settings, not {given!r}"
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, UserError):
        return "; ".join(filter(None, (error.problem, error.way_out)))
    text = detail["msg"].removeprefix("Value error, ")
    return text if isinstance(given, dict | list) else f"{text}, not {given!r}"


def _without_type(detail: ErrorDetails) -> str:
    """Return what settings lack that do not say what they are settings of."""
    top = SweepSpec.model_fields.get(str(detail["loc"][0]))
    names = ", ".join(_names_of(models_in(top.annotation)) if top else [])
    return f"needs a `type`{f', one of: {names}' if names else ''}"


def _choices(detail: ErrorDetails) -> list[str]:
    """Return the allowed values in place of a wrong one; of a choice, the names."""
    context = detail.get("ctx", {})
    if detail["type"] == "model_attributes_type":
        return _names_at(".".join(part for part in detail["loc"] if isinstance(part, str)))
    expected = context.get("expected_tags") or (context.get("expected") if detail["type"] == "literal_error" else "")
    return re.findall(r"'([^']+)'", str(expected or ""))


def _names_at(key: str) -> list[str]:
    """Return the names of the choices at a key of TrainConfig."""
    return _names_of(model for field in settable().get(key, []) for model in models_in(field.annotation))


def _names_of(models: Iterable[type[BaseModel]]) -> list[str]:
    return [str(model.model_fields["type"].default) for model in models if "type" in model.model_fields]
