"""Filters for the runs that a figure shows: functions from Runs.frame to a boolean mask."""

import functools
import operator
from collections.abc import Callable

import pandas as pd

RunFilter = Callable[[pd.DataFrame], "pd.Series[bool]"]


def everything(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Keep all runs."""
    return pd.Series(True, index=runs.index)


def adaptive(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Keep runs whose p adapts."""
    return runs["augment"] == "ada"


def having(**wanted: object) -> RunFilter:
    """Return a filter for cells whose axes have these values; `augment__p` stands for augment.p."""
    keys = {name.replace("__", "."): value for name, value in wanted.items()}

    def keep(runs: pd.DataFrame) -> "pd.Series[bool]":
        return (
            runs["settings"]
            .map(lambda settings: all(settings.get(key) == value for key, value in keys.items()))
            .astype(bool)
        )

    return keep


def named(*names: str) -> RunFilter:
    """Return a filter for cells with one of these names."""

    def keep(runs: pd.DataFrame) -> "pd.Series[bool]":
        return runs["name"].isin(names)

    return keep


def either(*keeps: RunFilter) -> RunFilter:
    """Return the union of filters."""

    def keep(runs: pd.DataFrame) -> "pd.Series[bool]":
        return functools.reduce(operator.or_, (one(runs) for one in keeps))

    return keep


def at_target(heuristic: str, target: float) -> RunFilter:
    """Return a filter for cells with ADA at one target of one heuristic."""
    return having(augment__heuristic=heuristic, augment__target=target)


def extreme_sizes(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Keep the runs with the most and with the fewest training images."""
    sizes = runs["training_images"]
    return sizes.isin([sizes.min(), sizes.max()])
