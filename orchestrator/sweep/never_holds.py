"""Conditions that can hold in no cell: a misspelt value, a value of another type."""

from collections.abc import Iterator
from typing import Any

from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import LogUniform, Uniform, Whole
from orchestrator.sweep.yaml_source import KeyPath


def never_holding(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    """Yield the values of conditions that no cell had, of this tier or as another tier sets them, alone or together.

    A tier answers for its own conditions: those it inherits may be about cells that it leaves out.
    """
    for path, value, text in conditions.unmet():
        if _is_own(sweep, path) and not (_in_range(sweep, path, value) or _in_tiers(sweep, str(path[-1]), value)):
            yield path, text
    if not sweep.spec.search:  # its examples are not all combinations of what it may sample
        yield from _never_together(sweep, conditions)


def _never_together(sweep: Sweep, conditions: ConditionChecker) -> Iterator[tuple[KeyPath, str]]:
    for path, keys in conditions.never_together():
        elsewhere = any(True for key in keys for _ in _assigned(sweep.spec.tiers, key))
        if _is_own(sweep, path) and not elsewhere:
            yield path, f"no cell has these values of {' and '.join(keys)} together"


def _is_own(sweep: Sweep, path: KeyPath) -> bool:
    return not sweep.tier or ("tiers", sweep.tier, path[0]) in sweep.source.lines


def _in_range(sweep: Sweep, path: KeyPath, value: Any) -> bool:
    """Return whether a search may sample a value."""
    dimension = sweep.spec.search.space.get(str(path[-1])) if sweep.spec.search else None
    if not isinstance(dimension, Uniform | LogUniform | Whole) or not isinstance(value, int | float):
        return False
    _, low, high = dimension.examples()
    return bool(low <= value <= high)


def _in_tiers(sweep: Sweep, key: str, value: Any) -> bool:
    """Return whether some tier gives this value to the key."""
    return any(value in _alternatives(key, given) for given in _assigned(sweep.spec.tiers, key))


def _assigned(tree: Any, key: str) -> Iterator[Any]:
    """Yield what stands under `key` anywhere in a tree of plain values, conditions left out."""
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, part in parts:
        if name == key:
            yield part
        elif name not in ("if", "exclude"):
            yield from _assigned(part, key)


def _alternatives(key: str, given: Any) -> list[Any]:
    choices = given.get("choice", given.get("type")) if isinstance(given, dict) else given
    return [coerced(key, value) for value in (choices if isinstance(choices, list) else [choices])]
