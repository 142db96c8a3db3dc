"""Columns of frames as the dashboard sends them: plain numbers, few digits, null where there is none."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

Numbers = list[float | None]
DIGITS = 6


def numbers(values: "pd.Series[Any] | Iterable[float]", digits: int = DIGITS) -> Numbers:
    """Return numbers rounded to `digits` significant digits; None for what is not finite."""
    array = np.asarray(values, dtype=float)
    finite = np.isfinite(array)
    safe = np.where(finite & (array != 0), array, 1.0)
    places = digits - 1 - np.floor(np.log10(np.abs(safe)))
    scale = 10.0 ** np.clip(places, -300, 300)
    rounded = np.where(array == 0, 0.0, np.round(np.where(finite, array, 0.0) * scale) / scale)
    found = rounded.astype(object)
    found[~finite] = None
    return list(found)


def number(value: Any) -> float | None:
    """Return one number, None for what is missing or not finite."""
    return float(value) if isinstance(value, int | float | np.number) and math.isfinite(value) else None


def texts(values: "pd.Series[Any]") -> list[str]:
    """Return texts, "" for what is missing."""
    return [value if isinstance(value, str) else "" for value in values]


def flattened(value: Any, key: str = "") -> dict[str, Any]:
    """Return a nested configuration as dotted keys and their values."""
    if isinstance(value, dict) and value:
        parts = (flattened(item, f"{key}.{name}" if key else name) for name, item in value.items())
        return {name: item for part in parts for name, item in part.items()}
    return {key: value}


def plain(value: Any) -> str:
    """Return a setting's value as text."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}={plain(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
