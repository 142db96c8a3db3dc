"""Finds the cells that transfers name: by name and by place on the axes, in the same sweep or in another file."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.sweep.bundled import bundled_named, nearest_bundled
from orchestrator.sweep.cells import SweepCell, kept, points_of
from orchestrator.sweep.conditions import ConditionChecker
from orchestrator.sweep.expansion import Expansion, Found, KeptCell, OpenTrial
from orchestrator.sweep.misfit import Misfit, Misfits
from orchestrator.sweep.overlay import Places
from orchestrator.sweep.problem_collector import ProblemCollector
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.transfer_source import SourceReference
from orchestrator.sweep.trial import DataLookup
from trainer.config.dataset.regular import expanded
from trainer.errors import UserError, did_you_mean

SHOWN = 3
ENDINGS = (".yaml", ".yml")
AxisKeys = tuple[str, ...]
CellsByValues = dict[tuple[str, ...], list[int]]


@dataclass
class Sources:
    """The sweeps that transfers name, each read once; of other sweeps only the cells that are named."""

    lookup: DataLookup
    open: list[OpenTrial] = field(default_factory=list)
    _expansions: dict[tuple[Path, str], Expansion] = field(default_factory=dict)
    _files: dict[tuple[Path, str], Expansion] = field(default_factory=dict)
    _named: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    _by_axes: dict[tuple[int, str, AxisKeys, AxisKeys], CellsByValues] = field(default_factory=dict)

    def expansion(self, sweep: Sweep, cells: Iterable[KeptCell], *, without_sources: bool = False) -> Expansion:
        """Return the expansion of a sweep all of whose cells are known."""
        found = Expansion(sweep, self, list(cells), without_sources)
        self._expansions[sweep.source.file.resolve(), sweep.tier] = found
        for place, (cell, _) in enumerate(found.cells):
            self._named.setdefault((id(found), cell.name), []).append(place)
        return found

    def find(self, expansion: Expansion, reference: SourceReference, cell: SweepCell) -> Found:
        """Return the cell that a cell of an expansion starts from. Raises Misfits."""
        try:
            there = self._other(expansion, reference) if reference.source.sweep else expansion
            return there, self._place(there, reference, cell)
        except UserError as error:
            first, *more = str(error).splitlines()
            rest = f" (and {len(more)} more)" if more else ""
            raise Misfits([Misfit(reference.path, f"its source cannot be had: {first}{rest}")]) from None

    def _other(self, expansion: Expansion, reference: SourceReference) -> Expansion:
        named = reference.source
        tier = expansion.sweep.tier if named.tier is None else named.tier
        file = _file(named.sweep, expansion.sweep.folder(reference.path))
        if (file, tier) not in self._files:
            place = file.resolve(), tier
            if place not in self._expansions:
                self._expansions[place] = Expansion(read_sweep(file, tier), self)
            self._files[file, tier] = self._expansions[place]
        return self._files[file, tier]

    def _place(self, there: Expansion, reference: SourceReference, cell: SweepCell) -> int:
        """Return the place of the one cell of an expansion that is meant. Raises UserError."""
        name, sweep = reference.source.cell, there.sweep
        if name not in sweep.spec.cells if name else not reference.source.sweep:
            known = did_you_mean(name, sweep.spec.cells) or f"; there are {', '.join(sweep.spec.cells) or 'none'}"
            raise UserError("cell", f"{name!r} is not under `cells` of {sweep.spec.sweep}{known}")
        found = self._matching(there, name, {s.canonical_key: s.value for s in cell.chosen})
        if len(found) == 1:
            return found[0]
        labels = "; ".join(there.cells[place][0].label for place in found[:SHOWN])
        which = f"{len(found)} cells ({labels})" if found else "no cell"
        told = f"{name or sweep.spec.sweep!r} is {which} of {sweep.spec.sweep} on the axes of {cell.label}"
        raise UserError("cell", told, "it has to be one")

    def _matching(self, there: Expansion, name: str, mine: Mapping[str, Any]) -> list[int]:
        """Return the cells of a name that lie where `mine` does on all axes that both have."""
        found: list[int] = []
        for keys in {_axes(there.cells[place][0]): None for place in self._cells_named(there, name)}:
            shared = tuple(key for key in keys if key in mine)
            place = id(there), name, keys, shared
            if place not in self._by_axes:
                self._by_axes[place] = self._index(there, name, keys, shared)
            found += self._by_axes[place].get(_values(mine, shared), [])
        return found

    def _index(self, there: Expansion, name: str, keys: AxisKeys, shared: AxisKeys) -> CellsByValues:
        found: CellsByValues = {}
        for place in self._cells_named(there, name):
            cell = there.cells[place][0]
            if _axes(cell) == keys:
                values = _values({s.canonical_key: s.value for s in cell.chosen}, shared)
                found.setdefault(values, []).append(place)
        return found

    def _cells_named(self, there: Expansion, name: str) -> list[int]:
        """Return the cells of a name; those of another sweep are made now. Raises SweepError."""
        key = id(there), name
        if key not in self._named:
            self._named[key] = [*range(len(there.cells), len(there.cells) + self._add(there, name))]
        return self._named[key]

    def _add(self, there: Expansion, name: str) -> int:
        """Add the cells of a name to an expansion, and return how many there are."""
        places, conditions = Places(self.lookup, there.sweep.folder), ConditionChecker()
        collector, before = ProblemCollector(there.sweep), len(there.cells)
        for point in points_of(there.sweep):
            with collector.collecting(point.label):
                if point.name == name or not name:
                    there.cells += kept(point, there.sweep.spec, places, conditions)
        collector.require_none()
        return len(there.cells) - before


def _file(sweep: str, folder: Path) -> Path:
    """Return the file of a sweep by its path from a folder, or by its name. Raises UserError."""
    if sweep.lower().endswith(ENDINGS):
        return folder / expanded(sweep)
    found = _bundled(sweep)
    if found is None:
        raise UserError("sweep", f"no sweep is called {sweep!r}", nearest_bundled(sweep) or "or give its file, X.yaml")
    return found


@functools.cache
def _bundled(name: str) -> Path | None:
    return bundled_named(name)


@functools.lru_cache(maxsize=4096)
def _axes_of_keys(keys: AxisKeys) -> AxisKeys:
    return tuple(sorted(key for key in keys if key.partition(".")[0] != "transfer"))


def _axes(cell: SweepCell) -> AxisKeys:
    return _axes_of_keys(tuple(s.canonical_key for s in cell.chosen if s.in_label))


def _values(settings: Mapping[str, Any], keys: AxisKeys) -> tuple[str, ...]:
    return tuple(repr(settings[key]) for key in keys)
