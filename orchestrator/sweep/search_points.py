"""The sampled configurations of a search, as stored in its plan, and the identity of its study."""

import hashlib
import itertools
import json
from dataclasses import replace
from typing import Any

from orchestrator.errors import SweepError
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.expand import ExaminedCells, applies, examined_cells, expand, unmet_problems
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Point, Search, every, examples, is_countable
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import DataLookup, Trial
from trainer.config.plan_file import SampledPoints

IRRELEVANT = frozenset(
    {"question", "watch", "resources", "figures", "claims", "published", "because", "budget", "tiers", "stop", "search"}
)
"""Parts of a sweep that affect neither a configuration nor the meaning of its score."""


MOST_COUNTED = 1000
"""The largest number of requested configurations that is compared with those that a space has."""


def space_digest(search: Search) -> str:
    """Return 12 digits that identify the search space."""
    return _digest({key: dimension.model_dump(by_alias=True) for key, dimension in search.space.items()})


def study_name(spec: SweepSpec) -> str:
    """Return 12 digits that are equal for searches with comparable scores: same space, same settings."""
    assert spec.search
    about = [space_digest(spec.search), spec.model_dump(mode="json", exclude=set(IRRELEVANT)), spec.score_name]
    return _digest(about if spec.search.over_seeds == "mean" else [*about, spec.search.over_seeds])


def stored_points(sweep: Sweep, kept: SampledPoints | None) -> tuple[Point, ...]:
    """Return the configurations of a stored plan with which a search continues: those of the same space."""
    search = sweep.spec.search
    if not search or not kept or kept.space != space_digest(search):
        return ()
    return kept.points[: search.trials]


def surplus_points(sweep: Sweep, kept: SampledPoints | None) -> int:
    """Return how many configurations of a stored plan a search does without, because it now requests fewer."""
    search = sweep.spec.search
    if not search or not kept or kept.space != space_digest(search):
        return 0
    return max(len(kept.points) - search.trials, 0)


def points_to_store(sweep: Sweep) -> SampledPoints | None:
    """Return the sampled points to store in the plan of a search; None for other sweeps."""
    search = sweep.spec.search
    if not search:
        return None
    points = tuple(map(dict, sweep.sampled))
    return SampledPoints(space=space_digest(search), over_seeds=search.over_seeds, points=points)


def trials_of(sweep: Sweep, point: Point, find: DataLookup) -> list[Trial]:
    """Return the trials of one configuration: one per seed and cell of the sweep's axes. Raises SweepError."""
    return expand(replace(sweep, sampled=(point,)), find)


def typical_trials(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a configuration from the middle of the space; check its ends, too. Raises SweepError."""
    return typical_cells(sweep, find).required()


def typical_cells(sweep: Sweep, find: DataLookup) -> ExaminedCells:
    """Return the trials of a configuration from the middle of the space, and what is wrong there and at its ends.

    `cells` and `examples` are those of both.
    """
    assert sweep.spec.search
    conditions = ConditionChecker()
    try:
        shown = examples(sweep.spec.search.space, applies(sweep, find, conditions))
    except SweepError as error:
        return ExaminedCells([], list(error.problems))
    ends = examined_cells(replace(sweep, sampled=tuple(shown)), find, are_examples=True)
    typical = examined_cells(replace(sweep, sampled=(shown[0],)), find)
    problems = [*unmet_problems(sweep, conditions), *ends.problems]
    return ExaminedCells(typical.trials, problems, ends.cells, examples=tuple(ends.trials))


def configurations(sweep: Sweep, find: DataLookup) -> int:
    """Return how many configurations a search can sample: those that it asks for, or all if the space has fewer.

    Spaces that are large or have mistakes are not counted.
    """
    search = sweep.spec.search
    assert search
    if not is_countable(search.space) or search.trials > MOST_COUNTED:
        return search.trials
    try:
        return sum(1 for _ in itertools.islice(every(search.space, applies(sweep, find)), search.trials))
    except SweepError:
        return search.trials


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
