"""Expands a sweep into its trials: pure, in the order of the file, every trial validated.

A cell is a list of settings, later ones laid over earlier ones: preset, `base`, then the axes (`cells`, `zip`, `grid`),
then what `when` adds. Seeds vary fastest.
"""

import contextlib
import functools
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import SweepError
from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.error_location import blamed
from orchestrator.sweep.expression import ExpressionError, evaluate
from orchestrator.sweep.mistakes import Mistakes
from orchestrator.sweep.never_holds import never_holding
from orchestrator.sweep.overlay import Layers, Misfit, Misfits, Places, layered, value_of
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Applies, Point
from orchestrator.sweep.set_by import Setting, in_the_end, overrides, shallow_first, touching
from orchestrator.sweep.spec import SweepSpec, When
from orchestrator.sweep.trial import DataLookup, Trial
from orchestrator.sweep.yaml_source import KeyPath, spelled
from trainer.config.identity import trial_id
from trainer.config.job import Resources
from trainer.config.plan_file import Axis
from trainer.config.resolve import completed

MAX_TRIALS = 200_000
SPACE = ("search", "space")
MAX_GPUS = 4096

AxisPoint = tuple[Setting, ...]
"""One point of an axis: all that it sets."""


class SweepCell(NamedTuple):
    """One combination of the axes: what every cell has, what makes this one different, and what follows from that."""

    base: tuple[Setting, ...]
    chosen: tuple[Setting, ...]
    implied: tuple[Setting, ...] = ()

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Return all settings, those that count first to those that count last."""
        return shallow_first(self.base) + shallow_first(self.chosen) + self.implied

    @property
    def label(self) -> str:
        """Return what tells this cell from the others in one line: its id where it has one, and its axes."""
        named = [self.name] if self.name else []
        return ", ".join([*named, *(f"{s.key}={_short(s.value)}" for s in self.chosen if s.in_label)]) or "base"

    @property
    def name(self) -> str:
        """Return what `cells` of the sweep file calls this cell; "" where it has no name."""
        return next((str(setting.path[1]) for setting in self.chosen if setting.path[0] == "cells"), "")

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Return the values of the axes other than `cells`."""
        return tuple(Axis(key=s.key, value=s.value) for s in self.chosen if s.in_label)


def expand(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a sweep. Raises SweepError with every value that does not fit, at its line."""
    conditions = ConditionChecker()
    trials = _expanded(sweep, find, conditions)
    if not sweep.spec.search:
        require_holding(sweep, conditions)
    return trials


def expand_examples(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials of a search whose examples `sweep` has as sampled. Raises SweepError as `expand` does."""
    conditions = ConditionChecker()
    trials = _expanded(sweep, find, conditions)
    require_holding(sweep, conditions)
    return trials


def require_holding(sweep: Sweep, conditions: ConditionChecker) -> None:
    """Raise SweepError for what conditions ask for and no cell of the sweep can have."""
    problems = [sweep.problem(path, text) for path, text in never_holding(sweep, conditions)]
    if problems:
        raise SweepError(problems)


def _expanded(sweep: Sweep, find: DataLookup, conditions: ConditionChecker) -> list[Trial]:
    places, spec = Places(functools.cache(find), sweep.folder), sweep.spec
    size = _size(sweep)
    if size > MAX_TRIALS:
        raise SweepError([sweep.problem((), f"makes up to {size:,} trials; more than {MAX_TRIALS:,} are refused")])
    mistakes = Mistakes(sweep)
    trials: list[Trial] = []
    first: dict[str, Trial] = {}
    for point in _points(sweep):
        try:
            for cell, layers in _kept(point, spec, places, conditions):
                with mistakes.of(cell.label):
                    trials += _trials(cell, layers, spec)
                    _require_same_resources(cell, trials[-1], first.setdefault(trials[-1].id, trials[-1]))
        except Misfits as error:
            mistakes.add(point.label, error.found)
    mistakes.require_none()
    if not trials and not (spec.search and not sweep.sampled):
        raise SweepError([sweep.problem(("exclude",), "leaves nothing to run")])
    return trials


def applies(sweep: Sweep, find: DataLookup, conditions: ConditionChecker | None = None) -> Applies:
    """Return a function that evaluates a condition in a sweep's `base` with a point of its search laid over it."""
    places, conditions = Places(functools.cache(find), sweep.folder), conditions or ConditionChecker()
    space = sweep.spec.search.space if sweep.spec.search else {}

    def holds_there(condition: Mapping[str, Any], point: Point) -> bool:
        key = next((key for key, dimension in space.items() if dimension.when is condition), "")
        try:
            cell = SweepCell(_base(sweep.spec), _settings(point, SPACE))
            return conditions.hold(condition, (*SPACE, key, "when"), layered(cell.settings, places))
        except Misfits as error:
            mistakes = Mistakes(sweep)
            mistakes.add("base", error.found)
            raise SweepError(mistakes.problems) from None

    return holds_there


def _points(sweep: Sweep) -> Iterator[SweepCell]:
    """Yield every combination of the axes."""
    base = _base(sweep.spec)
    for point in itertools.product(*_axes(sweep)):
        yield SweepCell(base, tuple(itertools.chain.from_iterable(point)))


def _kept(
    point: SweepCell, spec: SweepSpec, places: Places, conditions: ConditionChecker
) -> Iterator[tuple[SweepCell, Layers]]:
    """Yield the cells that a combination becomes under `when`, without those that `exclude` names."""
    for cell, layers in _with_conditions(point, spec.when, places, conditions):
        cell, layers = _with_derived(cell, layers, spec, places)
        held = [conditions.hold(exclude, ("exclude", index), layers) for index, exclude in enumerate(spec.exclude)]
        if not any(held):
            yield cell, layers


def _base(spec: SweepSpec) -> tuple[Setting, ...]:
    """Return what all cells have: the resources that the sweep names, and `base`."""
    resources = Setting("resources", spec.resources.model_dump(), ("resources",))
    return (resources, *_settings(spec.base, ("base",)))


def _trials(cell: SweepCell, layers: Layers, spec: SweepSpec) -> list[Trial]:
    _require_as_labelled(cell, layers)
    with _blaming(cell, "resources"):
        resources = Resources.model_validate(layers.tree["resources"])
    with _blaming(cell):
        first, *more = spec.seed_values
        trial = _trial(cell, layers, first, spec.horizon_kimg, resources)
        _require_even_shares(cell, trial)
        return [trial, *(_with_seed(trial, layers, seed) for seed in more)]


def _require_as_labelled(cell: SweepCell, layers: Layers) -> None:
    """Raise Misfits where something else sets what an axis of the cell says."""
    found = [
        Misfit(override.by, f"sets what the axis {spelled(override.axis)} sets", override.axis)
        for override in overrides(cell.chosen, cell.implied, layers.full_tree)
    ]
    if found:
        raise Misfits(found)


def _require_same_resources(cell: SweepCell, trial: Trial, first: Trial) -> None:
    """Raise Misfits where a trial was to run on other resources before: it runs once."""
    if trial.resources != first.resources:
        text = f"cell {cell.label} is the same trial as cell {first.cell}, which has other resources"
        raise Misfits([Misfit(touching("resources", cell.settings)[-1].path, text)])


def _require_even_shares(cell: SweepCell, trial: Trial) -> None:
    """Raise Misfits where the micro-batches of an iteration do not divide among the GPUs."""
    gpus, shares = trial.resources.whole_gpus, trial.config.micro_batches
    if gpus and shares % gpus:
        fitting = ", ".join(str(count) for count in range(1, min(shares, MAX_GPUS) + 1) if shares % count == 0)
        text = f"{gpus} GPUs cannot share the micro-batches of an iteration ({shares}) evenly; ask for {fitting}"
        raise Misfits([Misfit(touching("resources.gpus", cell.settings)[-1].path, text, concerns_cell=True)])


@contextlib.contextmanager
def _blaming(cell: SweepCell, *group: str) -> Iterator[None]:
    """Turn errors of validation, in a group of settings, into misfits at the lines that are to blame."""
    try:
        yield
    except ValidationError as error:
        found: list[ErrorDetails] = [{**detail, "loc": (*group, *detail["loc"])} for detail in error.errors()]
        raise Misfits([blamed(detail, cell.settings) for detail in found]) from None


def _trial(cell: SweepCell, layers: Layers, seed: int, horizon_kimg: float, resources: Resources) -> Trial:
    config = completed(layers.with_seed(seed), layers.data.description)
    return Trial(
        id=trial_id(config),
        config=config,
        cell=cell.label,
        settings={setting.key: in_the_end(setting, layers.full_tree) for setting in cell.chosen},
        seed=seed,
        data_path=layers.data.path,
        horizon_kimg=config.whole_iterations(horizon_kimg),
        resources=resources,
        transfer_path=layers.transfer,
        preset=layers.preset["preset"],
        name=cell.name,
        axes=cell.axes,
    )


def _with_seed(trial: Trial, layers: Layers, seed: int) -> Trial:
    """Return the trial of the same cell with another seed."""
    config = completed(layers.with_seed(seed), layers.data.description)
    return replace(trial, id=trial_id(config), config=config, seed=seed)


def _axes(sweep: Sweep) -> Iterator[list[AxisPoint]]:
    spec = sweep.spec
    if spec.search:
        yield [_settings(point, SPACE) for point in sweep.sampled]
    if spec.cells:
        yield [_settings(given, ("cells", name)) for name, given in spec.cells.items()]
    if spec.zip:
        length = len(next(iter(spec.zip.values())))
        yield [
            tuple(_setting(key, values[i], ("zip", key, i)) for key, values in spec.zip.items()) for i in range(length)
        ]
    yield from _grid(spec.grid, ("grid",))


def _grid(grid: Mapping[str, list[Any]], path: KeyPath) -> Iterator[list[AxisPoint]]:
    for key, values in grid.items():
        yield [(_setting(key, value, (*path, key, index)),) for index, value in enumerate(values)]


def _settings(given: Mapping[str, Any], path: KeyPath) -> tuple[Setting, ...]:
    return tuple(_setting(key, value, (*path, key)) for key, value in given.items())


def _setting(key: str, value: Any, path: KeyPath) -> Setting:
    return Setting(key, coerced(key, value), path)


def _with_conditions(
    cell: SweepCell, whens: list[When], places: Places, conditions: ConditionChecker
) -> list[tuple[SweepCell, Layers]]:
    """Return the cell, or the cells it becomes, after applying in order every condition that holds."""
    found = [(cell, layered(cell.settings, places))]
    for index, when in enumerate(whens):
        path = ("when", index)
        held = [conditions.hold(when.if_, (*path, "if"), layers) for _, layers in found]
        found = [
            more
            for one, holds in zip(found, held, strict=True)
            for more in (_under(one[0], when, path, places) if holds else [one])
        ]
    return found


def _under(cell: SweepCell, when: When, path: KeyPath, places: Places) -> Iterator[tuple[SweepCell, Layers]]:
    """Yield the cells that one becomes in which the condition holds."""
    implied = cell.implied + shallow_first(_settings(when.set, (*path, "set")))
    for point in itertools.product(*_grid(when.grid, (*path, "grid"))):
        more = SweepCell(cell.base, cell.chosen + tuple(itertools.chain.from_iterable(point)), implied)
        yield more, layered(more.settings, places)


def _with_derived(cell: SweepCell, layers: Layers, spec: SweepSpec, places: Places) -> tuple[SweepCell, Layers]:
    """Return the cell with what is derived from its settings, in order: later expressions see earlier results."""
    for key, text in spec.derive.items():
        path = ("derive", key)
        try:
            value = evaluate(str(text), functools.partial(value_of, layers, {"horizon_kimg": spec.horizon_kimg}))
        except ExpressionError as error:
            raise Misfits([Misfit(path, str(error), concerns_cell=True)]) from None
        cell = cell._replace(implied=(*cell.implied, _setting(key, value, path)))
        layers = layered(cell.settings, places)
    return cell, layers


def _size(sweep: Sweep) -> int:
    spec, sampled = sweep.spec, len(sweep.sampled) if sweep.spec.search else 1
    axes = [*spec.grid.values(), *(values for when in spec.when for values in when.grid.values())]
    zipped = len(next(iter(spec.zip.values()))) if spec.zip else 1
    return sampled * math.prod(map(len, axes)) * max(1, len(spec.cells)) * zipped * len(spec.seed_values)


def _short(value: Any) -> str:
    if isinstance(value, str | int | float | bool):
        return str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
