"""Facets of a figure: the ordered labels that separate runs into panels, series, rows or columns."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.results.cells import images_label

SIZE, NAME, METHOD, CELL, DATASET, SEED = "size", "name", "method", "cell", "dataset", "seed"
"""Facets besides the dotted keys of the sweep's axes. NAME is the method without its further axes."""


def labels(runs: pd.DataFrame, key: str) -> "pd.Series[str]":
    """Return every run's label for the facet `key`: its method if its cell does not have that axis."""
    if key == SIZE:
        return runs["training_images"].map(lambda images: "" if pd.isna(images) else f"{images_label(images)} images")
    if key in (NAME, METHOD, CELL, DATASET, SEED):
        return runs[key].astype(str)
    found = runs["settings"].map(lambda settings: _label(key, settings))
    return found.where(found != "", runs["method"])


def numbers(runs: pd.DataFrame, key: str) -> "pd.Series[float]":
    """Return every run's number for the facet `key`: NaN if its cell does not have that axis."""
    if key == SIZE:
        return runs["training_images"].astype(float)
    return pd.to_numeric(runs["settings"].map(lambda settings: settings.get(key)), errors="coerce").astype(float)


def ordered(runs: pd.DataFrame, key: str) -> list[str]:
    """Return the labels of the facet `key` that occur: sizes ascending, others in the order of the sweep."""
    ranked = runs.sort_values("training_images", kind="stable") if key == SIZE else runs
    return list(dict.fromkeys(labels(ranked, key)))


def _label(key: str, settings: dict[str, Any]) -> str:
    value = settings.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    return f"{key.rpartition('.')[2]}={value:g}" if isinstance(value, float) else f"{key.rpartition('.')[2]}={value}"


def joined(runs: pd.DataFrame, keys: Sequence[str], separator: str) -> "pd.Series[str]":
    """Return every run's labels for the facets `keys`, joined, without empty ones."""
    rows = zip([""] * len(runs), *(labels(runs, key) for key in keys), strict=True)
    return pd.Series([separator.join(filter(None, row)) for row in rows], index=runs.index, dtype=str)


def ordered_jointly(runs: pd.DataFrame, keys: Sequence[str], separator: str) -> list[str]:
    """Return the joined labels that occur, ordered by the first key, then by the next."""
    places = {key: labels(runs, key).map(ordered(runs, key).index) for key in reversed(keys)}
    ranked = runs
    for key in reversed(keys):
        ranked = ranked.loc[places[key][ranked.index].sort_values(kind="stable").index]
    return list(dict.fromkeys(joined(ranked, keys, separator)))
