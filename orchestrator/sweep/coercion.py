"""Converts values of a sweep file to the type of their setting: `'32'` becomes 32 for a number."""

import functools
from typing import Annotated, Any, cast, get_origin

from pydantic import TypeAdapter, ValidationError

from orchestrator.sweep.keys import models_in, settable


def coerced(key: str, value: Any) -> Any:
    """Return text as the number or boolean that setting `key` requires, also within groups; other values unchanged."""
    if isinstance(value, dict):
        return {inner: coerced(f"{key}.{inner}", one) for inner, one in value.items()}
    if not isinstance(value, str):
        return value
    for reader in _readers(key):
        try:
            return reader.validate_python(value)
        except ValidationError:
            continue
    return value


def in_one_form(key: str, value: Any) -> Any:
    """Return the value of a setting that is a list, such as `methods`, however it is spelled; others unchanged."""
    for reader in _list_readers(key):
        try:
            return reader.validate_python(value)
        except ValidationError:
            continue
    return value


@functools.cache
def _list_readers(key: str) -> tuple[TypeAdapter[Any], ...]:
    """Return the adapters of a key whose values are lists."""
    fields = [field for field in settable().get(key, []) if get_origin(field.annotation) is tuple]
    return tuple(TypeAdapter(cast(Any, Annotated[field.annotation, *field.metadata])) for field in fields)


@functools.cache
def _readers(key: str) -> tuple[TypeAdapter[Any], ...]:
    """Return the adapters of plain values of a key, one for each choice that has it."""
    fields = [field for field in settable().get(key, []) if not models_in(field.annotation)]
    return tuple(TypeAdapter(cast(Any, field.annotation)) for field in fields)
