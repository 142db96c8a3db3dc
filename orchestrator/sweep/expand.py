"""Expands a sweep into its validated trials, in the order of the file: a pure function. Seeds vary fastest."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from orchestrator.errors import Problem, SweepError
from orchestrator.sweep.cells import SPACE, SweepCell, base_settings, kept, points_of, settings_at, settings_of, size_of
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.expansion import Expansion, KeptCell
from orchestrator.sweep.misfit import Misfit, Misfits
from orchestrator.sweep.overlay import Places, layered
from orchestrator.sweep.problem_collector import ProblemCollector
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Applies, Point
from orchestrator.sweep.setting import affecting
from orchestrator.sweep.sources import Sources
from orchestrator.sweep.stand_ins import STAND_INS
from orchestrator.sweep.trial import DataLookup, Trial
from orchestrator.sweep.unmet_conditions import unmet_conditions
from trainer.config.claims.cells import Cells

MAX_TRIALS = 200_000


class PointOfCells(NamedTuple):
    """The name and the settings of a cell that has no valid trials."""

    name: str
    settings: Mapping[str, Any]


class ExaminedCells(NamedTuple):
    """The valid trials of a sweep, and every problem of its other cells.

    `cells` has all cells by label, the invalid ones too; None if their labels are not all known. `expansion` makes
    further trials of the valid ones; None if there are too many cells. `examples` are trials of other configurations
    that a search may sample: to be checked, too.
    """

    trials: list[Trial]
    problems: list[Problem]
    cells: Cells | None = None
    expansion: Expansion | None = None
    examples: tuple[Trial, ...] = ()

    def required(self) -> list[Trial]:
        """Return the trials. Raises SweepError if there is any problem."""
        if self.problems:
            raise SweepError(self.problems)
        return self.trials


def expand(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a sweep. Raises SweepError with every invalid value and its line."""
    return examined_cells(sweep, find).required()


def with_more_seeds(expansion: Expansion, reached: Mapping[str, int]) -> list[Trial]:
    """Return the trials of an expanded sweep whose cells have reached so many seeds. Raises SweepError."""
    sweep = replace(expansion.sweep, reached={**expansion.sweep.reached, **reached})
    collector = ProblemCollector(sweep)
    trials = _trials(replace(expansion, sweep=sweep), collector)
    return ExaminedCells(trials, collector.problems).required()


def examined_cells(sweep: Sweep, find: DataLookup, *, are_examples: bool = False) -> ExaminedCells:
    """Return the trials of a sweep as far as they are valid, and what is wrong with the others.

    `are_examples`: `sweep.sampled` are example points that show what a search may sample.
    """
    size = size_of(sweep)
    if size > MAX_TRIALS:
        problem = sweep.problem((), f"makes up to {size:,} trials; the limit is {MAX_TRIALS:,}")
        return ExaminedCells([], [problem])
    places = Places(functools.cache(find), sweep.folder)
    found = _examined(sweep, places)
    if found.collector.hides_others:
        others = [_examined(sweep, places._replace(stand_in=one)) for one in STAND_INS]
        found.collector.add_common([one.collector for one in others])
    return _with_problems(sweep, found, are_examples=are_examples)._replace(expansion=found.expansion)


class _Examination(NamedTuple):
    """The expanded cells of a sweep, all if `are_known`, and their valid trials; what is wrong is in `collector`."""

    expansion: Expansion
    trials: list[Trial]
    collector: ProblemCollector
    conditions: ConditionChecker
    are_known: bool


def _examined(sweep: Sweep, places: Places) -> _Examination:
    conditions, collector = ConditionChecker(), ProblemCollector(sweep)
    cells = _cells(sweep, places, conditions, collector)
    are_known = not collector.problems
    expansion = Sources(places.find).expansion(sweep, cells, without_sources=places.stand_in is not None)
    return _Examination(expansion, _trials(expansion, collector), collector, conditions, are_known)


def _with_problems(sweep: Sweep, examined: _Examination, *, are_examples: bool) -> ExaminedCells:
    spec, cells, trials = sweep.spec, examined.expansion.cells, examined.trials
    found = examined.collector.problems
    if not (cells or found or (spec.search and not sweep.sampled)):
        found = [sweep.problem(("exclude",), "excludes all cells")]
    elif examined.are_known and (are_examples or not spec.search):
        found += unmet_problems(sweep, examined.conditions)
    if not examined.are_known and any(when.grid for when in spec.when):
        return ExaminedCells(trials, found)
    points = () if examined.are_known else ((point, settings_of(point)) for point in points_of(sweep))
    invalid = [*points, *((cell, settings_of(cell, layers.full_tree)) for cell, layers in cells if found)]
    known = {cell.label: PointOfCells(cell.name, settings) for cell, settings in invalid}
    return ExaminedCells(trials, found, {**known, **{trial.cell: trial for trial in trials}})


def unmet_problems(sweep: Sweep, conditions: ConditionChecker) -> list[Problem]:
    """Return the problems of values of conditions that no cell can have."""
    return [sweep.problem(path, text) for path, text in unmet_conditions(sweep, conditions)]


def _trials(expansion: Expansion, collector: ProblemCollector) -> list[Trial]:
    """Return the trials of the valid cells; collect what is wrong with the others."""
    trials: list[Trial] = []
    first: dict[str, Trial] = {}
    for place, (cell, _) in enumerate(expansion.cells):
        with collector.collecting(cell.label):
            found = expansion.trials(place)
            _require_same_resources(cell, found[-1], first.setdefault(found[-1].id, found[-1]))
            trials += found
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
