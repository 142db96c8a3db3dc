"""What a key of a cell was set by: of several settings of one key the last counts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.sweep.keys import lookup
from orchestrator.sweep.yaml_source import KeyPath

ALIASES = {"data.source": "data"}


class Setting(NamedTuple):
    """One value given to one key, and where the file says so."""

    key: str
    value: Any
    path: KeyPath

    @property
    def canonical_key(self) -> str:
        """Return the key itself, also where the file names it in another way."""
        key = self.key.removesuffix(".type")
        return ALIASES.get(key, key)

    @property
    def in_label(self) -> bool:
        """Return whether the label of a cell says this value: `cells` are called by their names instead."""
        return self.path[0] != "cells"

    @property
    def axis(self) -> KeyPath:
        """Return where the whole axis stands that this is a value of."""
        return self.path[:-1] if isinstance(self.path[-1], int) else self.path


class Override(NamedTuple):
    """A value of an axis that does not hold in the end: `axis` says it, what stands at `by` sets something else."""

    axis: KeyPath
    by: KeyPath


def affecting(key: str, settings: Sequence[Setting]) -> list[Setting]:
    """Return the settings that decide about `key`: of itself, of a group around it, or of something in it."""
    return [setting for setting in settings if _touches(setting.canonical_key, ALIASES.get(key, key))]


def overrides(chosen: Sequence[Setting], implied: Sequence[Setting], tree: Mapping[str, Any]) -> Iterator[Override]:
    """Yield the values of axes that another axis sets as well, or that do not hold in the settings of the cell.

    What a cell under `cells` is called says no value, so that conditions and expressions may change what it sets.
    """
    for index, setting in enumerate(chosen):
        again = [one for one in chosen[index + 1 :] if one.canonical_key == setting.canonical_key]
        yield from (Override(setting.axis, one.axis) for one in again)
        if not again and not holds(setting, tree):
            later = implied if setting.in_label else ()
            others = [one for one in (*chosen, *later) if one is not setting]
            yield from (Override(setting.axis, one.axis) for one in affecting(setting.canonical_key, others)[-1:])


def final_value(setting: Setting, tree: Mapping[str, Any]) -> Any:
    """Return the value that the key of a setting has in a tree of settings: its own, unless something else set it."""
    return setting.value if holds(setting, tree) else lookup(tree, setting.key)


def shallow_first(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """Return settings of one level, groups before what lies in them: their order in a file means nothing."""
    return tuple(sorted(settings, key=lambda setting: setting.canonical_key.count(".")))


def holds(setting: Setting, tree: Mapping[str, Any]) -> bool:
    """Return whether a setting holds in a tree of settings."""
    if isinstance(setting.value, dict):
        inner = (Setting(f"{setting.key}.{key}", value, setting.path) for key, value in setting.value.items())
        return all(holds(one, tree) for one in inner)
    found = lookup(tree, setting.key)
    return bool(found == setting.value)


def _touches(given: str, key: str) -> bool:
    return given == key or key.startswith(f"{given}.") or given.startswith(f"{key}.")
