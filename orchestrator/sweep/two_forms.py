"""Finds settings that one mapping gives in two forms, as in `{generator: {z_dim: 512}, generator.z_dim: 256}`.

So is `{transfer: FILE, transfer.cell: NAME}`: a run starts from one of them.

A key in a group takes effect over the group. A file may so override what it includes, and a tier its sweep; elsewhere,
one of the two would be lost.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.sweep.setting import Setting, shallow_first
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import KeyPath, YamlSource, spelled

ALONE = "transfer"
"""A key with either a plain value, or parts."""


def twice_given(spec: SweepSpec, source: YamlSource, tier: str) -> Iterator[tuple[KeyPath, str]]:
    """Yield the settings that are given in two forms, of which the wrong one would take effect."""
    for path, given in _mappings(spec):
        settings = [Setting(key, value, (*path, key)) for key, value in given.items()]
        seen: dict[str, KeyPath] = {}
        for leaf in (leaf for setting in shallow_first(settings) for leaf in _leaves(setting)):
            other = seen.get(ALONE, leaf.path) if _is_part(leaf) else leaf.path
            other = seen.setdefault(leaf.canonical_key, other)
            if other != leaf.path and not _rank(source, tier, leaf.path) < _rank(source, tier, other):
                yield leaf.path, f"is given twice, here and as `{_written(other[len(path) :])}`; keep one"


def _mappings(spec: SweepSpec) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    yield ("base",), spec.base
    yield from ((("cells", name), given) for name, given in spec.cells.items())
    yield from ((("exclude", index), given) for index, given in enumerate(spec.exclude))
    for index, when in enumerate(spec.when):
        yield ("when", index, "if"), when.if_
        yield ("when", index, "set"), when.set


def _leaves(setting: Setting) -> Iterator[Setting]:
    """Yield the values of a setting by whole key."""
    if not isinstance(setting.value, dict):
        yield setting
        return
    for key, value in setting.value.items():
        yield from _leaves(Setting(f"{setting.key}.{key}", value, (*setting.path, key)))


def _is_part(leaf: Setting) -> bool:
    """Return whether a setting is a part of one that has a plain value as well, which it cannot be added to."""
    return leaf.canonical_key.startswith(f"{ALONE}.")


def _rank(source: YamlSource, tier: str, path: KeyPath) -> tuple[bool, int]:
    """Return where a setting stands: lower places override higher ones."""
    in_tier = ("tiers", tier, *path)
    is_inherited = not source.has(in_tier)
    return is_inherited, source.depth(path if is_inherited else in_tier)


def _written(keys: KeyPath) -> str:
    """Return the keys of nested mappings as they are written: `generator: {z_dim}`."""
    first, *inner = (spelled((key,)) for key in keys)
    return f"{first}: {{{_written(tuple(inner))}}}" if inner else first
