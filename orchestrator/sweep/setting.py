"""Settings of a cell with their locations, and overrides among them: the last setting of a key takes effect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.sweep.keys import lookup
from orchestrator.sweep.yaml_source import KeyPath

ALIASES = {"data.source": "data"}


class Setting(NamedTuple):
    """A value assigned to a key, and its path in the file."""

    key: str
    value: Any
    path: KeyPath

    @property
    def canonical_key(self) -> str:
        """Return the canonical form of the key."""
        key = self.key.removesuffix(".type")
        return ALIASES.get(key, key)

    @property
    def in_label(self) -> bool:
        """Return whether a cell's label contains this value: `cells` have names instead."""
        return self.path[0] != "cells"

    @property
    def axis(self) -> KeyPath:
        """Return the path of the axis of this value."""
        return self.path[:-1] if isinstance(self.path[-1], int) else self.path


class Override(NamedTuple):
    """A value of the axis at path `axis` that is overridden by the setting at path `by`."""

    axis: KeyPath
    by: KeyPath


def affecting(key: str, settings: Sequence[Setting]) -> list[Setting]:
    """Return the settings that affect `key`: of the key, of a group that contains it, or of a key within it."""
    return [setting for setting in settings if _touches(setting.canonical_key, ALIASES.get(key, key))]


def overrides(chosen: Sequence[Setting], implied: Sequence[Setting], tree: Mapping[str, Any]) -> Iterator[Override]:
    """Yield the values of axes that another axis also sets, or that do not hold in the cell's settings.

    The name of a cell under `cells` states no value, so conditions and expressions may change its settings.
    """
    for index, setting in enumerate(chosen):
        again = [one for one in chosen[index + 1 :] if one.canonical_key == setting.canonical_key]
        yield from (Override(setting.axis, one.axis) for one in again)
        if not again and not holds(setting, tree):
            later = implied if setting.in_label else ()
            others = [one for one in (*chosen, *later) if one is not setting]
            yield from (Override(setting.axis, one.axis) for one in affecting(setting.canonical_key, others)[-1:])


def final_value(setting: Setting, tree: Mapping[str, Any]) -> Any:
    """Return the final value of a setting's key in a tree of settings: its own, unless it is overridden."""
    return setting.value if holds(setting, tree) else lookup(tree, setting.key)


def shallow_first(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """Return settings of one level, groups before the keys in them: their order in a file is irrelevant."""
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
