"""Sweep files that include others: their own settings override the included ones."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.errors import Problem, SweepError, require_none
from orchestrator.sweep.yaml_source import KeyPath, YamlSource, load
from trainer.config.dataset.regular import expanded
from trainer.errors import DataError, did_you_mean

MERGED = frozenset({"base", "cells", "grid", "zip", "derive", "watch", "resources", "search", "budget"})
"""Parts of a sweep that are overridden key by key (null removes a key); all other parts are replaced."""

OWN = frozenset({"sweep", "include"})
"""Parts that are not inherited."""

MAX_DEPTH = 5


def useless_nulls(values: dict[str, Any], over: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the nulls with which `over` removes keys that `values` do not have, with their paths."""
    for key in sorted(MERGED & over.keys()):
        there, given = values.get(key), over[key]
        if isinstance(there, dict) and isinstance(given, dict):
            for name in (name for name, value in given.items() if value is None and name not in there):
                near = did_you_mean(str(name), map(str, there))
                yield (key, name), f"null removes a key, but {key} has no {name}{near}"


def useless_nulls_of(source: YamlSource) -> Iterator[tuple[KeyPath, str]]:
    """Yield the same of a sweep file over those that it includes."""
    values: dict[str, Any] = {}
    for part in source.included:
        values = overlaid(values, part.values)
    yield from useless_nulls(values, load(source.file).values) if source.included else ()


def load_with_included(file: Path, within: tuple[Path, ...] = ()) -> YamlSource:
    """Return a sweep file merged over those it includes. Raises SweepError, also for circular includes."""
    source = load(file)
    require_none([source.problem(path, _not_text(str(path[-1]))) for path in _other_keys(source.values)])
    below = tuple(_included(source, name, (*within, file.resolve())) for name in _names(source))
    values: dict[str, Any] = {}
    for part in below:
        values = overlaid(values, {key: value for key, value in part.values.items() if key not in OWN})
    return replace(source, values=overlaid(values, source.values), included=below)


def _other_keys(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every key that YAML does not read as text, as it is written."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _other_keys(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            here = (*path, json.dumps(key) if key is None or isinstance(key, bool) else str(key))
            yield from () if isinstance(key, str) else [here]
            yield from _other_keys(item, here)


def _not_text(key: str) -> str:
    return f"is not text; put it in quotes: '{key}'"


def overlaid(values: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return a sweep overridden by another; tiers of the same name are merged in the same way."""
    merged = dict(values)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(key, old, value)
        merged[key] = value
    return merged


def _merged(key: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if key == "tiers":
        pairs = {name: (old.get(name), tier) for name, tier in new.items()}
        both = {name: (a, b) for name, (a, b) in pairs.items() if isinstance(a, dict) and isinstance(b, dict)}
        return {**old, **new, **{name: overlaid(a, b) for name, (a, b) in both.items()}}
    if key in MERGED:
        return {name: item for name, item in {**old, **new}.items() if item is not None or name not in new}
    return new


def _names(source: YamlSource) -> list[str]:
    """Return the files that a sweep includes; invalid names are reported when the sweep is validated."""
    given = source.values.get("include", [])
    return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]


def _included(source: YamlSource, name: str, within: tuple[Path, ...]) -> YamlSource:
    try:
        path = source.file.parent / expanded(name)
    except DataError as error:
        raise SweepError([_problem(source, str(error))]) from None
    if path.resolve() in within or len(within) > MAX_DEPTH:
        problem = "includes itself" if path.resolve() in within else f"is included more than {MAX_DEPTH} levels deep"
        raise SweepError([_problem(source, f"{name} {problem}")])
    if not path.is_file():
        raise SweepError([_problem(source, f"{name}: no such file in {source.file.parent}")])
    return load_with_included(path, within)


def _problem(source: YamlSource, text: str) -> Problem:
    return source.problem(("include",), text)
