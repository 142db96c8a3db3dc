"""Evaluates the conditions of a sweep, `exclude` and `if`, and finds values that no cell can match."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.sweep.coercion import coerced, in_one_form
from orchestrator.sweep.keys import lookup
from orchestrator.sweep.overlay import Layers
from orchestrator.sweep.yaml_source import KeyPath
from trainer.errors import did_you_mean

SHOWN = 8


class ConditionChecker:
    """Evaluates conditions, and records their values and the values that cells had."""

    def __init__(self) -> None:
        self._wanted: dict[KeyPath, list[Any]] = {}
        self._had: dict[KeyPath, list[Any]] = {}
        self._keys: dict[KeyPath, list[str]] = {}
        self._ever: set[KeyPath] = set()
        self._applied: dict[KeyPath, bool] = {}

    def hold(self, wanted: Mapping[str, Any], path: KeyPath, layers: Layers) -> bool:
        """Return whether the settings match every value of `wanted`, the condition at `path`; a list matches any."""
        tree = layers.full_tree
        met = [self._has(key, value, (*path, key), tree) for key, value in wanted.items()]
        self._keys[path] = list(wanted)
        if all(met):
            self._ever.add(path)
        return all(met)

    def note_applied(self, places: Iterable[KeyPath], *, is_excluded: bool) -> None:
        """Note the conditions, by the places of their rules, that have added settings to a cell."""
        for place in places:
            self._applied[place] = self._applied.get(place, True) and is_excluded

    def only_excluded(self) -> Iterator[KeyPath]:
        """Yield the conditions that hold, but only in cells that `exclude` drops."""
        yield from ((*place, "if") for place, is_excluded in self._applied.items() if is_excluded)

    def _has(self, key: str, wanted: Any, path: KeyPath, tree: Mapping[str, Any]) -> bool:
        if path not in self._wanted:
            self._wanted[path] = [coerced(key, value) for value in (wanted if isinstance(wanted, list) else [wanted])]
        found, had = lookup(tree, key), self._had.setdefault(path, [])
        if found not in had:
            had.append(found)
        return _is_among(key, found, self._wanted[path])

    def wanted(self) -> Iterator[tuple[KeyPath, list[Any]]]:
        """Yield the path of each key of a condition, and the values that match it."""
        yield from self._wanted.items()

    def unmet(self) -> Iterator[tuple[KeyPath, Any, str]]:
        """Yield the values of conditions that no cell matched: path, value and problem.

        A list may have numbers that only other sweeps or tiers use, as long as one of its values is matched.
        """
        for path, values in self._wanted.items():
            had, met = self._had[path], self._is_met(path)
            if not values:
                yield path, values, "an empty list matches no cell"
            if len(values) > 1 and _is_among(str(path[-1]), values, had):
                yield path, values, f"means any of {_listed(values)}; for the list of all of them, write [{values}]"
            for value in values:
                if not _is_among(str(path[-1]), value, had) and not (met and isinstance(value, int | float)):
                    yield path, value, f"no cell has {value!r}; cells have {_listed(had)}{_near(value, had)}"

    def never_together(self) -> Iterator[tuple[KeyPath, list[str]]]:
        """Yield conditions that hold in no cell although each of their values occurs in some cell, with their keys."""
        for path, keys in self._keys.items():
            if path not in self._ever and all(self._is_met((*path, key)) for key in keys):
                yield path, keys

    def _is_met(self, path: KeyPath) -> bool:
        """Return whether any cell has one of the values at `path`."""
        return any(_is_among(str(path[-1]), value, self._had[path]) for value in self._wanted[path])


def _is_among(key: str, value: Any, others: list[Any]) -> bool:
    """Return whether one of the others is the same value of a setting."""
    return in_one_form(key, value) in [in_one_form(key, other) for other in others]


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(repr, values[:SHOWN]))
    return f"{shown} and {len(values) - SHOWN} more" if len(values) > SHOWN else shown


def _near(value: Any, had: list[Any]) -> str:
    return did_you_mean(str(value), map(str, had))
