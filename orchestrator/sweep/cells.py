"""The cells of a sweep: every combination of its axes, with what conditions and expressions make of it.

A cell is a list of settings, later ones laid over earlier ones: preset, `base`, then the axes (`cells`, `zip`, `grid`),
then what `when` adds.
"""

import functools
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.expression import ExpressionError, evaluate
from orchestrator.sweep.keys import HORIZON, choices_of
from orchestrator.sweep.misfit import Misfit, MisfitCollector, Misfits
from orchestrator.sweep.overlay import Layers, Places, layered, value_of
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.setting import Setting, final_value, shallow_first
from orchestrator.sweep.spec import SweepSpec, When
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.plan_file import Axis

SPACE = ("search", "space")


class AxisPoint(NamedTuple):
    """One point of an axis: its settings, and its name under `cells:` in the sweep file."""

    settings: tuple[Setting, ...]
    name: str = ""


class SweepCell(NamedTuple):
    """One combination of the axes: the common settings, its own, and those that follow from conditions."""

    base: tuple[Setting, ...]
    chosen: tuple[Setting, ...]
    implied: tuple[Setting, ...] = ()
    name: str = ""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Return all settings; later ones override earlier ones."""
        return shallow_first(self.base) + shallow_first(self.chosen) + self.implied

    @property
    def label(self) -> str:
        """Return the label of the cell: its name, if it has one, and its values on the axes."""
        named = [self.name] if self.name else []
        return ", ".join([*named, *(f"{s.key}={_short(s.value)}" for s in self.chosen if s.in_label)]) or "base"

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Return the values of the axes other than `cells`."""
        return tuple(Axis(key=s.key, value=s.value) for s in self.chosen if s.in_label)


def points_of(sweep: Sweep) -> Iterator[SweepCell]:
    """Yield every combination of the axes."""
    base = base_settings(sweep.spec)
    for point in itertools.product(*_axes(sweep)):
        name = next((one.name for one in point if one.name), "")
        yield SweepCell(base, _together(point), name=name)


def kept(
    point: SweepCell, spec: SweepSpec, places: Places, conditions: ConditionChecker
) -> Iterator[tuple[SweepCell, Layers]]:
    """Yield the cells of a combination after `when`, without those that `exclude` matches."""
    for cell, layers in _with_conditions(point, spec.when, places, conditions):
        cell, layers = _with_derived(cell, layers, spec, places)
        held = [conditions.hold(exclude, ("exclude", index), layers) for index, exclude in enumerate(spec.exclude)]
        conditions.note_applied(_rules_of(cell), is_excluded=any(held))
        if not any(held):
            yield cell, layers


def _rules_of(cell: SweepCell) -> set[KeyPath]:
    """Return the places of the rules under `when` that have added settings to a cell."""
    return {setting.path[:2] for setting in cell.settings if setting.path[0] == "when"}


def base_settings(spec: SweepSpec) -> tuple[Setting, ...]:
    """Return the settings of all cells: the sweep's resources and horizon, and `base`."""
    resources = Setting("resources", spec.resources.at().model_dump(), ("resources",))
    return (resources, Setting(HORIZON, spec.horizon_kimg, (HORIZON,)), *settings_at(spec.base, ("base",)))


def _axes(sweep: Sweep) -> Iterator[list[AxisPoint]]:
    spec = sweep.spec
    if spec.search:
        yield [AxisPoint(settings_at(point, SPACE)) for point in sweep.sampled]
    if spec.cells:
        yield [AxisPoint(settings_at(given, ("cells", name)), name) for name, given in spec.cells.items()]
    if spec.zip:
        length = len(next(iter(spec.zip.values())))
        yield [
            AxisPoint(tuple(_setting(key, values[i], ("zip", key, i)) for key, values in spec.zip.items()))
            for i in range(length)
        ]
    yield from _grid(spec.grid, ("grid",))


def _grid(grid: Mapping[str, list[Any]], path: KeyPath) -> Iterator[list[AxisPoint]]:
    for key, values in grid.items():
        yield [AxisPoint((_setting(key, value, (*path, key, index)),)) for index, value in enumerate(values)]


def _together(points: Iterable[AxisPoint]) -> tuple[Setting, ...]:
    return tuple(itertools.chain.from_iterable(point.settings for point in points))


def settings_at(given: Mapping[str, Any], path: KeyPath) -> tuple[Setting, ...]:
    """Return assignments as settings: the keys of a mapping that stands at `path`."""
    return tuple(_setting(key, value, (*path, key)) for key, value in given.items())


def settings_of(cell: SweepCell, tree: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a cell chooses, by key: the final values in its tree of settings, if it has one."""
    return {s.key: s.value if tree is None else final_value(s, tree) for s in cell.chosen}


def _setting(key: str, value: Any, path: KeyPath) -> Setting:
    return Setting(key, coerced(key, value), path)


def _with_conditions(
    cell: SweepCell, whens: list[When], places: Places, conditions: ConditionChecker
) -> list[tuple[SweepCell, Layers]]:
    """Return the cells that result from applying, in order, every condition that holds."""
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
    """Yield the cells that result from a cell in which the condition holds."""
    implied = cell.implied + shallow_first(settings_at(when.set, (*path, "set")))
    for point in itertools.product(*_grid(when.grid, (*path, "grid"))):
        more = cell._replace(chosen=cell.chosen + _together(point), implied=implied)
        yield more, layered(more.settings, places)


def _with_derived(cell: SweepCell, layers: Layers, spec: SweepSpec, places: Places) -> tuple[SweepCell, Layers]:
    """Return the cell with its derived settings, in order: expressions can use earlier results."""
    collector = MisfitCollector()
    for key, text in spec.derive.items():
        path = ("derive", key)
        with collector:
            value = _derived(str(text), path, layers)
            more = cell._replace(implied=(*cell.implied, _setting(key, value, path)))
            cell, layers = more, layered(more.settings, places)
    collector.require_none()
    return cell, layers


def _derived(text: str, path: KeyPath, layers: Layers) -> Any:
    try:
        return evaluate(text, functools.partial(value_of, layers, {HORIZON: layers.tree[HORIZON]}), choices_of)
    except ExpressionError as error:
        raise Misfits([Misfit(path, str(error), concerns_cell=True)]) from None


def size_of(sweep: Sweep) -> int:
    """Return how many trials a sweep has at most."""
    spec, sampled = sweep.spec, sweep.spec.search.trials if sweep.spec.search else 1
    axes = [*spec.grid.values(), *(values for when in spec.when for values in when.grid.values())]
    zipped = len(next(iter(spec.zip.values()))) if spec.zip else 1
    return sampled * math.prod(map(len, axes)) * max(1, len(spec.cells)) * zipped * len(spec.seed_values)


def _short(value: Any) -> str:
    if isinstance(value, str | int | float | bool):
        return str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
