"""What distinguishes runs in a figure: panels, series, rows or columns, as labels in their order."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.results.cells import images_label

SIZE, NAME, METHOD, DATASET, SEED = "size", "name", "method", "dataset", "seed"
"""Beside the dotted keys of the sweep's axes. NAME is a method without what follows from further axes."""


def labels(runs: pd.DataFrame, key: str) -> "pd.Series[str]":
    """Return for every run the label that it has by `key`: its method where its cell does not have that axis."""
    if key == SIZE:
        return runs["training_images"].map(lambda images: "" if pd.isna(images) else f"{images_label(images)} images")
    if key in (NAME, METHOD, DATASET, SEED):
        return runs[key].astype(str)
    found = runs["settings"].map(lambda settings: _label(key, settings))
    return found.where(found != "", runs["method"])


def numbers(runs: pd.DataFrame, key: str) -> "pd.Series[float]":
    """Return for every run the number that it has by `key`, NaN where its cell does not have that axis."""
    if key == SIZE:
        return runs["training_images"].astype(float)
    return pd.to_numeric(runs["settings"].map(lambda settings: settings.get(key)), errors="coerce").astype(float)


def ordered(runs: pd.DataFrame, key: str) -> list[str]:
    """Return the labels by `key` that occur, sizes from small to large, others as in the sweep."""
    ranked = runs.sort_values("training_images", kind="stable") if key == SIZE else runs
    return list(dict.fromkeys(labels(ranked, key)))


def _label(key: str, settings: dict[str, Any]) -> str:
    value = settings.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    return f"{key.rpartition('.')[2]}={value:g}" if isinstance(value, float) else f"{key.rpartition('.')[2]}={value}"


def joined(runs: pd.DataFrame, keys: Sequence[str], separator: str) -> "pd.Series[str]":
    """Return for every run its labels by all of `keys` that tell it from others, joined."""
    rows = zip([""] * len(runs), *(labels(runs, key) for key in keys), strict=True)
    return pd.Series([separator.join(filter(None, row)) for row in rows], index=runs.index, dtype=str)


def ordered_jointly(runs: pd.DataFrame, keys: Sequence[str], separator: str) -> list[str]:
    """Return the joined labels that occur: by the first key, then by the next."""
    places = {key: labels(runs, key).map(ordered(runs, key).index) for key in reversed(keys)}
    ranked = runs
    for key in reversed(keys):
        ranked = ranked.loc[places[key][ranked.index].sort_values(kind="stable").index]
    return list(dict.fromkeys(joined(ranked, keys, separator)))
