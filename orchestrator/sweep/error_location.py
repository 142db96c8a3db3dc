"""Traces an error in a resolved configuration to the line that set the value."""

import re
from collections.abc import Iterator, Sequence

from pydantic_core import ErrorDetails

from orchestrator.sweep.keys import settable
from orchestrator.sweep.misfit import Misfit
from orchestrator.sweep.setting import Setting, affecting
from orchestrator.sweep.validation_messages import error_text


def locate_error(detail: ErrorDetails, settings: Sequence[Setting]) -> Misfit:
    """Return the location of an invalid value and the problem.

    It is the last setting that states the key of the error, or else affects it; for an error of the whole
    configuration, the last setting that its message mentions. If it mentions none, it is the last setting of an axis,
    or `base` if there is no axis.
    """
    key = dotted(detail["loc"])
    is_unknown = detail["type"] == "extra_forbidden"
    text = f"'{key}' is not a setting {_of_choice(detail['loc'], key)}" if is_unknown else error_text(detail)
    if not key:
        named = [s for s in settings if re.search(rf"\b{re.escape(s.key.rsplit('.', 1)[-1])}\b", text)]
        path = (named or list(settings))[-1].path
        return Misfit(path if named or path[0] != "base" else ("base",), text, concerns_cell=True)
    suspects = affecting(key, settings)
    if not suspects:
        return Misfit(("base",), f"{key}: {text}", concerns_cell=True)
    culprit = ([setting for setting in suspects if _states(setting, key)] or suspects)[-1]
    return Misfit((*culprit.path, *_within(culprit, key)), text, concerns_cell=is_unknown)


def _of_choice(loc: Sequence[str | int], key: str) -> str:
    """Return the choice that lacks a key of its group, as pydantic's location of the error has it."""
    group, choice = key.rpartition(".")[0], loc[-2] if len(loc) > 1 else 0
    return f"of {group}: {choice}" if group and choice != group.split(".")[-1] and isinstance(choice, str) else "here"


def _states(setting: Setting, key: str) -> bool:
    """Return whether a setting gives a value to `key`, or within it; one that selects a choice keeps other values."""
    inner = len(key.removeprefix(setting.key).strip(".").split(".")) if key.startswith(f"{setting.key}.") else 0
    return len(list(_within(setting, key))) == inner


def _within(setting: Setting, key: str) -> Iterator[str]:
    """Yield the keys that lead from a setting to `key`, as far as its value has them."""
    value = setting.value
    for part in key.removeprefix(f"{setting.key}.").split("."):
        if not isinstance(value, dict) or part not in value:
            return
        value = value[part]
        yield part


def dotted(loc: Sequence[str | int]) -> str:
    """Return the key of an error's location, without the tags of choices that pydantic inserts, and indices."""
    parts: list[str] = []
    for index, part in enumerate(map(str, loc)):
        known = ".".join([*parts, part]) in settable() or (index == len(loc) - 1 and not part.isdigit())
        if known or not parts:
            parts.append(part)
    return ".".join(parts)
