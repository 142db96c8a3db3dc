"""Traces an error in a resolved configuration back to the line that set the value."""

import re
from collections.abc import Sequence

from pydantic_core import ErrorDetails

from orchestrator.sweep.keys import settable
from orchestrator.sweep.overlay import Setting
from orchestrator.sweep.validation_messages import worded
from orchestrator.sweep.yaml_source import KeyPath


def blamed(detail: ErrorDetails, settings: Sequence[Setting], cell: str) -> tuple[KeyPath, str]:
    """Return where the wrong value was written, and what is wrong with it.

    The last setting that touches the key of the error is to blame; for an error of the whole configuration, the last
    setting that its message names.
    """
    key = dotted(detail["loc"])
    text = f"'{key}' is not a setting here" if detail["type"] == "extra_forbidden" else worded(detail)
    if not key:
        suspects = [s for s in settings if re.search(rf"\b{re.escape(s.key.rsplit('.', 1)[-1])}\b", text)]
        return (suspects or list(settings))[-1].path, f"{text} (cell {cell})"
    suspects = [s for s in settings if _touches(s.key, key)]
    return (suspects[-1].path, text) if suspects else (("base",), f"{key}: {text} (cell {cell})")


def dotted(loc: Sequence[str | int]) -> str:
    """Return the key of an error's place, without the names of tagged choices that pydantic puts between."""
    parts: list[str] = []
    for index, part in enumerate(map(str, loc)):
        known = ".".join([*parts, part]) in settable() or index == len(loc) - 1
        if known or not parts:
            parts.append(part)
    return ".".join(parts)


def _touches(given: str, key: str) -> bool:
    return given == key or key.startswith(f"{given}.") or given.startswith(f"{key}.")
