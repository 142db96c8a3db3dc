"""Finds conditions that hold in no cell: misspelt values, values of another type."""

from collections.abc import Iterator
from typing import Any

from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import LogUniform, Uniform, Whole
from orchestrator.sweep.yaml_source import KeyPath

CHANGE_CELLS = frozenset({"base", "cells", "zip", "grid", "when", "derive", "exclude"})
"""The keys by which a tier may have other cells than the sweep."""


def unmet_conditions(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    """Yield the values of conditions that no cell has, alone or together, neither in this tier nor in another.

    Only a tier's own conditions are checked: inherited ones may concern cells that it does not have.
    """
    for path, value, text in conditions.unmet():
        if _is_own(sweep, path) and not (_in_range(sweep, path, value) or _in_tiers(sweep, str(path[-1]), value)):
            yield path, text
    yield from _never_drawn(sweep, conditions)
    if not sweep.spec.search:  # the examples of a search are not all combinations that it can sample
        yield from _never_together(sweep, conditions)
        yield from _only_excluded(sweep, conditions)


def _never_together(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    for path, keys in conditions.never_together():
        elsewhere = any(True for key in keys for _ in _assigned(sweep.spec.tiers, key))
        if _is_own(sweep, path) and not elsewhere:
            yield path, f"no cell has these values of {' and '.join(keys)} together"


def _only_excluded(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    """Yield conditions that hold only in cells that `exclude` drops, unless a tier may have others."""
    has_others = any(CHANGE_CELLS & tier.keys() for tier in sweep.spec.tiers.values())
    for path in conditions.only_excluded():
        if _is_own(sweep, path) and not has_others:
            yield path, "holds only in cells that `exclude` drops; remove it, or exclude fewer"


def _is_own(sweep: Sweep, path: KeyPath) -> bool:
    return not sweep.tier or ("tiers", sweep.tier, path[0]) in sweep.source.lines


def _never_drawn(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    """Yield the values of conditions that a search draws from a continuous range, where hardly any is drawn."""
    space = sweep.spec.search.space if sweep.spec.search else {}
    for path, values in conditions.wanted():
        dimension = space.get(str(path[-1]))
        if isinstance(dimension, Uniform | LogUniform) and values and _is_own(sweep, path):
            kind = "uniform" if isinstance(dimension, Uniform) else "log_uniform"
            given = f"{values[0]!r} is hardly ever drawn: the search draws any number from a range ({kind})"
            yield path, f"{given}; use `choice: [...]` there"


def _in_range(sweep: Sweep, path: KeyPath, value: Any) -> bool:
    """Return whether a search may sample a value."""
    dimension = sweep.spec.search.space.get(str(path[-1])) if sweep.spec.search else None
    if not isinstance(dimension, Uniform | LogUniform | Whole) or not isinstance(value, int | float):
        return False
    _, low, high = dimension.examples()
    return bool(low <= value <= high)


def _in_tiers(sweep: Sweep, key: str, value: Any) -> bool:
    """Return whether some tier sets the key to this value."""
    return any(value in _alternatives(key, given) for given in _assigned(sweep.spec.tiers, key))


def _assigned(tree: Any, key: str) -> Iterator[Any]:
    """Yield the values of `key` anywhere in a tree of plain values, except in conditions."""
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, part in parts:
        if name == key:
            yield part
        elif name not in ("if", "exclude"):
            yield from _assigned(part, key)


def _alternatives(key: str, given: Any) -> list[Any]:
    choices = given.get("choice", given.get("type")) if isinstance(given, dict) else given
    return [coerced(key, value) for value in (choices if isinstance(choices, list) else [choices])]
