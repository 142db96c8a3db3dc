"""Expands a sweep into its validated trials, in the order of the file: a pure function. Seeds vary fastest."""

import functools
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import SweepError
from orchestrator.sweep.cells import SPACE, SweepCell, base_settings, kept, points_of, settings_at, size_of
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.expansion import KeptCell
from orchestrator.sweep.overlay import Misfit, Misfits, Places, layered
from orchestrator.sweep.problem_collector import ProblemCollector
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Applies, Point
from orchestrator.sweep.setting import affecting
from orchestrator.sweep.sources import Sources
from orchestrator.sweep.trial import DataLookup, Trial
from orchestrator.sweep.unmet_conditions import unmet_conditions

MAX_TRIALS = 200_000


def expand(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a sweep. Raises SweepError with every invalid value and its line."""
    conditions = ConditionChecker()
    trials = _expanded(sweep, find, conditions)
    if not sweep.spec.search:
        require_satisfiable(sweep, conditions)
    return trials


def expand_examples(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of example points of a search, given as `sweep.sampled`. Raises SweepError like `expand`."""
    conditions = ConditionChecker()
    trials = _expanded(sweep, find, conditions)
    require_satisfiable(sweep, conditions)
    return trials


def require_satisfiable(sweep: Sweep, conditions: ConditionChecker) -> None:
    """Raise SweepError for values of conditions that no cell can have."""
    problems = [sweep.problem(path, text) for path, text in unmet_conditions(sweep, conditions)]
    if problems:
        raise SweepError(problems)


def _expanded(sweep: Sweep, find: DataLookup, conditions: ConditionChecker) -> list[Trial]:
    find, spec = functools.cache(find), sweep.spec
    size = size_of(sweep)
    if size > MAX_TRIALS:
        raise SweepError([sweep.problem((), f"makes up to {size:,} trials; the limit is {MAX_TRIALS:,}")])
    collector = ProblemCollector(sweep)
    expansion = Sources(find).expansion(sweep, _cells(sweep, Places(find, sweep.folder), conditions, collector))
    trials: list[Trial] = []
    first: dict[str, Trial] = {}
    for place, (cell, _) in enumerate(expansion.cells):
        with collector.collecting(cell.label):
            trials += expansion.trials(place)
            _require_same_resources(cell, trials[-1], first.setdefault(trials[-1].id, trials[-1]))
    collector.require_none()
    if not trials and not (spec.search and not sweep.sampled):
        raise SweepError([sweep.problem(("exclude",), "excludes all cells")])
    return trials


def _require_same_resources(cell: SweepCell, trial: Trial, first: Trial) -> None:
    """Raise Misfits if a trial has other resources than in an earlier cell: it runs only once."""
    if trial.resources != first.resources:
        text = f"cell {cell.label} is the same trial as cell {first.cell}, which has other resources"
        raise Misfits([Misfit(affecting("resources", cell.settings)[-1].path, text)])


def _cells(sweep: Sweep, places: Places, conditions: ConditionChecker, collector: ProblemCollector) -> list[KeptCell]:
    """Return all valid cells of a sweep; collect what is wrong with the others."""
    found: list[KeptCell] = []
    for point in points_of(sweep):
        with collector.collecting(point.label):
            found += kept(point, sweep.spec, places, conditions)
    return found


def applies(sweep: Sweep, find: DataLookup, conditions: ConditionChecker | None = None) -> Applies:
    """Return a function that evaluates a condition in a sweep's `base`, overridden by a point of its search."""
    places, conditions = Places(functools.cache(find), sweep.folder), conditions or ConditionChecker()
    space = sweep.spec.search.space if sweep.spec.search else {}

    def holds_there(condition: Mapping[str, Any], point: Point) -> bool:
        key = next((key for key, dimension in space.items() if dimension.when is condition), "")
        try:
            cell = SweepCell(base_settings(sweep.spec), settings_at(point, SPACE))
            return conditions.hold(condition, (*SPACE, key, "when"), layered(cell.settings, places))
        except Misfits as error:
            collector = ProblemCollector(sweep)
            collector.add("base", error.found)
            raise SweepError(collector.problems) from None

    return holds_there
