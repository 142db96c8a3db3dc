"""The configurations that a search has asked for, as its plan keeps them, and the questions they belong to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.store.layout import Store
from orchestrator.sweep.expand import applies, expand
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Point, Search, examples
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import DataLookup, Trial
from trainer.record import replace_file

ASIDE = frozenset({"question", "watch", "resources", "figures", "claims", "budget", "tiers", "stop", "search"})
"""Parts of a sweep that change neither what a configuration is nor what its score means."""


def space_digest(search: Search) -> str:
    """Return 12 digits that are equal for searches in the same space."""
    return _digest({key: dimension.model_dump(by_alias=True) for key, dimension in search.space.items()})


def study_name(spec: SweepSpec) -> str:
    """Return 12 digits that are equal for searches whose scores may be compared: same space, same question."""
    assert spec.search
    return _digest([space_digest(spec.search), spec.model_dump(mode="json", exclude=set(ASIDE)), spec.score_name])


def kept_points(sweep: Sweep, plan: Mapping[str, Any] | None) -> tuple[Point, ...]:
    """Return the configurations of a stored plan that a search goes on with: those asked for in the same space."""
    search, kept = sweep.spec.search, (plan or {}).get("search")
    if not search or not kept or kept["space"] != space_digest(search):
        return ()
    return tuple(kept["points"][: search.trials])


def points_to_keep(sweep: Sweep) -> dict[str, Any]:
    """Return what the plan of a search says beyond that of other sweeps."""
    search = sweep.spec.search
    return {"search": {"space": space_digest(search), "points": list(sweep.sampled)}} if search else {}


def finish_file(store: Store, sweep: Sweep) -> Path:
    """Return the file in which a driver in a cluster says that it has come to the end of a search."""
    return store.plan(sweep.key).with_name("finished.json")


def finish(store: Store, sweep: Sweep) -> None:
    """Say that a search is through."""
    assert sweep.spec.search
    told = {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials}
    replace_file(finish_file(store, sweep), json.dumps(told))


def is_finished(store: Store, sweep: Sweep) -> bool:
    """Return whether a driver has come to the end of this very search."""
    assert sweep.spec.search
    try:
        told = json.loads(finish_file(store, sweep).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told == {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials})


def trials_of(sweep: Sweep, point: Point, find: DataLookup) -> list[Trial]:
    """Return the trials of one configuration: one per seed, and per cell of the sweep's axes. Raises SweepError."""
    return expand(replace(sweep, sampled=(point,)), find)


def typical(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a configuration from the middle of the space, having tried its ends. Raises SweepError."""
    assert sweep.spec.search
    shown = examples(sweep.spec.search.space, applies(sweep, find))
    expand(replace(sweep, sampled=tuple(shown)), find)
    return trials_of(sweep, shown[0], find)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
