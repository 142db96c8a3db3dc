"""Reads a sweep file into a validated SweepSpec at one tier, and reports every problem with its line."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import Problem, SweepError
from orchestrator.sweep.claims import claim_problems
from orchestrator.sweep.include import load_with_included, overlaid, useless_nulls, useless_nulls_of
from orchestrator.sweep.keys import HORIZON, key_problem, models_in, settable
from orchestrator.sweep.published_values import published_problems
from orchestrator.sweep.readable_part import readable_part
from orchestrator.sweep.reasons import unknown_reasons
from orchestrator.sweep.repeated import repeated
from orchestrator.sweep.search_space import Point
from orchestrator.sweep.sequential import seed_problems
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.spec_checks import spec_problems
from orchestrator.sweep.two_forms import twice_given
from orchestrator.sweep.validation_messages import error_text
from orchestrator.sweep.yaml_source import KeyPath, YamlSource
from trainer.errors import did_you_mean, nearest

AXES = frozenset({"base", "cells", "zip", "grid", "when", "derive", "exclude", "search"})
"""Keys that determine the trials."""

WHOLE_FILE = ("sweep", "include", "tiers")
"""Keys that a tier cannot have."""

MOST_KEYS = 8
"""How many keys of a group are listed for one that it does not have."""


@dataclass(frozen=True)
class Sweep:
    """A sweep file at one tier: the validated spec and its source.

    `sampled` are the configurations that its search has sampled, `reached` the number of seeds that sequential ones
    have reached, by cell.
    """

    source: YamlSource
    tier: str
    spec: SweepSpec
    sampled: tuple[Point, ...] = ()
    reached: Mapping[str, int] = field(default_factory=dict)

    def seeds_of(self, cell: str) -> list[int]:
        """Return the seeds of a cell, by its label: with sequential seeds, those reached so far."""
        seeds, sequential = self.spec.seed_values, self.spec.sequential
        return seeds[: max(sequential.from_, self.reached.get(cell, 0))] if sequential else seeds

    @property
    def key(self) -> str:
        """Return the sweep's key in the store: `name` or `name-tier`."""
        return f"{self.spec.sweep}-{self.tier}" if self.tier else self.spec.sweep

    @property
    def states_claims(self) -> bool:
        """Return whether the claims are this tier's own: inherited ones may concern cells that it does not have."""
        return self._states("claims")

    @property
    def states_published(self) -> bool:
        """Return whether the published values are this tier's own, likewise."""
        return self._states("published")

    @property
    def states_stop(self) -> bool:
        """Return whether the stop rules are this tier's own, likewise."""
        return self._states("stop")

    @property
    def states_reasons(self) -> bool:
        """Return whether the reasons for what is left out are this tier's own, likewise."""
        return self._states("because")

    def is_of_tier(self, path: KeyPath) -> bool:
        """Return whether the sweep is a tier that itself has `path`, rather than the whole file."""
        return bool(self.tier) and self.source.has(("tiers", self.tier, *path))

    def _states(self, key: str) -> bool:
        return not self.tier or ("tiers", self.tier, key) in self.source.lines

    def problem(self, path: KeyPath, text: str, key: str = "") -> Problem:
        """Return a problem at `path` of the spec, for a SweepError."""
        return _problem(self.source, self.tier, path, text, key)

    def folder(self, path: KeyPath) -> Path:
        """Return the folder of the file that contains `path`: relative paths are resolved there."""
        return self.source.place(_place(self.source, self.tier, path))[0].parent


class Examined(NamedTuple):
    """The readable part of a sweep file, and all its problems.

    In `sweep`, the invalid keys `left_out` are not as in the file; it is None if too little of it is valid.
    """

    sweep: Sweep | None
    problems: list[Problem]
    left_out: frozenset[str] = frozenset()


def read_sweep(file: Path, tier: str = "") -> Sweep:
    """Return the sweep of `file` at `tier`; "" is the file without a tier. Checks all tiers, reports all errors."""
    found = examined(file, tier)
    if found.problems:
        raise SweepError(found.problems)
    assert found.sweep
    return found.sweep


def examined(file: Path, tier: str = "") -> Examined:
    """Return the readable part of `file` at `tier`, with the problems of all tiers.

    Without such a tier it is read at the nearest, or not at all. Raises SweepError if the file is no YAML mapping.
    """
    source = load_with_included(file)
    tiers = source.values.get("tiers") or {}
    names = [name for name in tiers if isinstance(name, str)] if isinstance(tiers, dict) else []
    read = {name: _validated(source, name) for name in ("", *names)}
    reasons = [problem for name in read for problem in _of_reasons(read[""].sweep, read[name].sweep)]
    of_tiers = (problem for found in read.values() for problem in found.problems)
    problems = [*_misplaced(source, names), *reasons, *of_tiers]
    if tier in read:
        return read[tier]._replace(problems=list(dict.fromkeys(problems)))
    known = did_you_mean(tier, names) or (f"; it has {', '.join(names)}" if names else "; it has no tiers")
    problems.insert(0, source.problem(("tiers",), f"has no tier '{tier}'{known}"))
    near = nearest(tier, names)
    return (read[near] if near else Examined(None, []))._replace(problems=list(dict.fromkeys(problems)))


def _of_reasons(whole: Sweep | None, tier: Sweep | None) -> Iterator[Problem]:
    """Yield the reasons that a tier states itself, and that are about nothing in the sweep."""
    if whole and tier and tier.states_reasons:
        found = unknown_reasons(whole.spec, tier.spec)
        yield from (tier.problem(("because", name), text) for name, text in found)


def _misplaced(source: YamlSource, tiers: Sequence[str]) -> Iterator[Problem]:
    """Yield the keys of tiers that only the file itself may have, and nulls that remove nothing."""
    yield from (source.problem(path, text) for path, text in useless_nulls_of(source))
    for tier in tiers:
        over = source.values["tiers"][tier]
        if isinstance(over, dict):
            yield from (source.problem(("tiers", tier, *at), text) for at, text in useless_nulls(source.values, over))
        for key in WHOLE_FILE:
            if isinstance(over, dict) and key in over:
                yield source.problem(("tiers", tier, key), "belongs to the whole file: a tier cannot have it")


def _validated(source: YamlSource, tier: str) -> Examined:
    values = _at_tier(source.values, tier) if tier else source.values
    try:
        sweep = Sweep(source, tier, SweepSpec.model_validate(values))
    except ValidationError as error:
        places = _deepest([(*_explained(detail, values), detail["type"]) for detail in error.errors()])
        problems = [_problem(source, tier, *found) for found in places]
        part = readable_part(values, [path for path, _ in places])
        if part is None:
            return Examined(None, problems)
        rest = Sweep(source, tier, part.spec)
        told = {(problem.place, problem.key) for problem in problems}
        more = [problem for problem in _misfits(rest) if (problem.place, problem.key) not in told]
        return Examined(rest, problems + more, part.left_out)
    return Examined(sweep, _misfits(sweep))


def _deepest(found: list[tuple[KeyPath, str, str]]) -> list[tuple[KeyPath, str]]:
    """Return problems without those of alternatives that were not intended: of another type, or less deep.

    Of a value that is of no type of any alternative, the first is left.
    """
    inner = {path[:depth] for path, _, _ in found for depth in range(1, len(path))}
    of_right_type = {path for path, _, kind in found if not kind.endswith("_type")}
    told = {
        (path, "" if kind.endswith("_type") else text): (path, text)
        for path, text, kind in reversed(found)
        if path not in inner and not (kind.endswith("_type") and path in of_right_type)
    }
    return [*reversed(told.values())]


def _at_tier(values: dict[str, Any], tier: str) -> dict[str, Any]:
    over = values["tiers"][tier]
    return overlaid(values, over if isinstance(over, dict) else {"tiers": over})


def _problem(source: YamlSource, tier: str, path: KeyPath, text: str, key: str = "") -> Problem:
    """Return a problem at `path`; if the tier sets it, at the tier's line."""
    return source.problem(_place(source, tier, path), text, key)


def _place(source: YamlSource, tier: str, path: KeyPath) -> KeyPath:
    in_tier = ("tiers", tier, *path)
    return in_tier if source.has(in_tier) else path


def _explained(detail: ErrorDetails, values: Any) -> tuple[KeyPath, str]:
    """Return the path of a pydantic error, and a readable message. An error of the whole sweep is one of `zip`."""
    path = _path_in(values, detail) or ("zip",)
    if detail["type"] == "extra_forbidden":
        return path, f"is not a key{_known(str(path[-1]), _fields_at(path[:-1]))}"
    return path, error_text(detail)


def _known(key: str, fields: Sequence[str]) -> str:
    """Return the nearest of the keys that there are, or all of them if they are few."""
    return did_you_mean(key, fields) or (f"; there are {', '.join(fields)}" if 0 < len(fields) <= MOST_KEYS else "")


def _path_in(values: Any, detail: ErrorDetails) -> KeyPath:
    """Return the path of an error, without the names of union members that pydantic inserts."""
    path: list[str | int] = []
    for part, following in itertools.pairwise((*detail["loc"], "")):
        if _has(values, part) and (_has(values[part], following) or not _has(values, following)):
            values = values[part]
            path.append(part)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


def _has(values: Any, part: str | int) -> bool:
    if isinstance(values, list):
        return isinstance(part, int) and part < len(values)
    return isinstance(values, dict) and part in values


def _fields_at(path: KeyPath) -> list[str]:
    """Return the keys that SweepSpec allows at `path`."""
    models = [SweepSpec]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        models = [inner for field in fields for inner in models_in(field.annotation)]  # type: ignore[misc]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _misfits(sweep: Sweep) -> list[Problem]:
    """Return unknown settings, repeated values of an axis, and problems of the other keys."""
    unknown = [(path, problem) for path, key in _assigned(sweep.spec) if (problem := _key_problem(key, path))]
    spec = sweep.spec
    claims = claim_problems(spec.claims, spec.metrics, spec.longest_horizon_kimg) if sweep.states_claims else ()
    published = published_problems(spec.published, spec.metrics) if sweep.states_published else ()
    twice = twice_given(spec, sweep.source, sweep.tier)
    found = [*unknown, *twice, *repeated(spec), *claims, *published, *spec_problems(spec), *seed_problems(spec)]
    return [sweep.problem(path, problem) for path, problem in found]


def _key_problem(key: str, path: KeyPath) -> str | None:
    """Return what is wrong with a key where it stands."""
    if key == HORIZON and not (path[0] == "cells" or (path[0] == "when" and path[2] in ("if", "set"))):
        return "belongs at the top level, under `cells` or under `when: set`; a longer horizon extends the same trial"
    found, head = key_problem(key), key.partition(".")[0]
    is_condition = path[0] == "exclude" or "if" in path
    if found and head in SweepSpec.model_fields and head != "resources" and not is_condition:
        return f"belongs at the top level of the sweep, under `{head}`"
    return found


def _assigned(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the dotted key of every assignment in a sweep."""
    yield from _keys(spec.base, ("base",))
    for name, given in spec.cells.items():
        yield from _keys(given, ("cells", name))
    for index, exclude in enumerate(spec.exclude):
        yield from _keys(exclude, ("exclude", index))
    for index, when in enumerate(spec.when):
        yield from _keys(when.if_, ("when", index, "if"))
        yield from _keys(when.set, ("when", index, "set"))
        yield from _axis_keys(when.grid, ("when", index, "grid"))
    for key, dimension in (spec.search.space if spec.search else {}).items():
        yield ("search", "space", key), key
        yield from _keys(dimension.when, ("search", "space", key, "when"))
    for key in spec.derive:
        yield ("derive", key), key
    yield from _axis_keys(spec.grid, ("grid",))
    yield from _axis_keys(spec.zip, ("zip",))


def _axis_keys(axes: Mapping[str, list[Any]], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for key, values in axes.items():
        yield (*path, key), key
        for index, value in enumerate(values):
            if isinstance(value, dict):
                yield from _keys(value, (*path, key, index), f"{key}.")


def _keys(given: Mapping[str, Any], path: KeyPath, prefix: str = "") -> Iterator[tuple[KeyPath, str]]:
    """Yield the keys of a mapping of settings, and of the mappings in it."""
    for key, value in given.items():
        yield (*path, key), prefix + key
        if isinstance(value, dict) and prefix + key in settable():
            yield from _keys(value, (*path, key), f"{prefix}{key}.")
