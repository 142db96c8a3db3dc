"""Conditions of a sweep, `exclude` and `if`: whether they hold in a cell, and whether they ever can."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.keys import lookup
from orchestrator.sweep.overlay import Layers
from orchestrator.sweep.yaml_source import KeyPath
from trainer.errors import did_you_mean

SHOWN = 8


class ConditionChecker:
    """Evaluates conditions, and remembers which of their values any cell had, and what the cells had instead."""

    def __init__(self) -> None:
        self._wanted: dict[KeyPath, list[Any]] = {}
        self._had: dict[KeyPath, list[Any]] = {}
        self._keys: dict[KeyPath, list[str]] = {}
        self._ever: set[KeyPath] = set()

    def hold(self, wanted: Mapping[str, Any], path: KeyPath, layers: Layers) -> bool:
        """Return whether the settings have every value of `wanted`, which stands at `path`; a list means any."""
        tree = layers.full_tree
        met = [self._has(key, value, (*path, key), tree) for key, value in wanted.items()]
        self._keys[path] = list(wanted)
        if all(met):
            self._ever.add(path)
        return all(met)

    def _has(self, key: str, wanted: Any, path: KeyPath, tree: Mapping[str, Any]) -> bool:
        if path not in self._wanted:
            self._wanted[path] = [coerced(key, value) for value in (wanted if isinstance(wanted, list) else [wanted])]
        found, had = lookup(tree, key), self._had.setdefault(path, [])
        if found not in had:
            had.append(found)
        return found in self._wanted[path]

    def unmet(self) -> Iterator[tuple[KeyPath, Any, str]]:
        """Yield the values of conditions that no cell can meet: where the condition stands, the value, and a problem.

        A list may name numbers that only other sweeps and tiers have, as long as one of its values is met here.
        """
        for path, values in self._wanted.items():
            had, met = self._had[path], self._is_met(path)
            for value in values:
                if value not in had and not (met and isinstance(value, int | float)):
                    yield path, value, f"{value!r} is the value of no cell; there are {_listed(had)}{_near(value, had)}"

    def never_together(self) -> Iterator[tuple[KeyPath, list[str]]]:
        """Yield the conditions that held in no cell though each of their values was that of some, with their keys."""
        for path, keys in self._keys.items():
            if path not in self._ever and all(self._is_met((*path, key)) for key in keys):
                yield path, keys

    def _is_met(self, path: KeyPath) -> bool:
        """Return whether any cell had one of the values that stand at `path`."""
        return any(value in self._had[path] for value in self._wanted[path])


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(repr, values[:SHOWN]))
    return f"{shown} and {len(values) - SHOWN} more" if len(values) > SHOWN else shown


def _near(value: Any, had: list[Any]) -> str:
    return did_you_mean(str(value), map(str, had))
