"""The trials of a sweep's cells, each made once, and the trials that they start from: of this sweep, or of another."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.sweep.cells import SweepCell, settings_of
from orchestrator.sweep.error_location import locate_error
from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.misfit import Misfit, MisfitCollector, Misfits
from orchestrator.sweep.moment import Unkept, snapshot_of
from orchestrator.sweep.overlay import Layers
from orchestrator.sweep.problem_collector import ProblemCollector
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.setting import affecting, overrides
from orchestrator.sweep.spec import Length
from orchestrator.sweep.transfer_source import SourceReference
from orchestrator.sweep.trial import Source, Trial
from orchestrator.sweep.yaml_source import spelled
from trainer.config.identity import canonical_fields, id_of_fields, reseeded_fields, trial_id
from trainer.config.job import MOST_GPUS, Resources
from trainer.config.resolve import completed, reseeded
from trainer.config.train import TrainConfig
from trainer.config.transfer import unfit

MAX_SOURCES = 50

KeptCell = tuple[SweepCell, Layers]
Found = tuple["Expansion", int]
"""A cell of a sweep: the sweep's expansion, and the place of the cell among its cells."""


class SourceFinder(Protocol):
    """Finds the cells that transfers name."""

    open: list["OpenTrial"]
    """The trials that are being made: each starts from the next."""

    def find(self, expansion: "Expansion", reference: SourceReference, cell: SweepCell) -> Found:
        """Return the cell that a cell of an expansion starts from. Raises Misfits."""
        ...


OpenTrial = tuple[int, int, int]
"""The expansion (its id), the place and the seed of a trial that is being made."""


class Effort(NamedTuple):
    """How long a cell is trained, and on what."""

    horizon_kimg: float
    resources: Resources


@dataclass
class Expansion:
    """The cells of one sweep, and their trials as far as they were asked for.

    `without_sources`: trials start from random weights, to check everything else.
    """

    sweep: Sweep
    sources: SourceFinder
    cells: list[KeptCell] = field(default_factory=list)
    without_sources: bool = False
    _trials: dict[tuple[int, int], Trial] = field(default_factory=dict)
    _found: dict[int, Found] = field(default_factory=dict)
    _sources: dict[tuple[int, int], Source] = field(default_factory=dict)
    _fields: dict[int, dict[str, str]] = field(default_factory=dict)

    def trials(self, place: int) -> list[Trial]:
        """Return the trials of a cell, one for each seed. Raises Misfits."""
        cell, layers = self.cells[place]
        _require_axes_to_hold(cell, layers)
        first, *more = self.sweep.seeds_of(cell.label)
        trial = self.trial(place, first)
        _require_even_shares(cell, trial)
        return [trial, *(self.trial(place, seed) for seed in more)]

    def trial(self, place: int, seed: int) -> Trial:
        """Return the trial of a cell with a seed. Raises Misfits, also for what it starts from."""
        if (place, seed) not in self._trials:
            self._trials[place, seed] = self._made(place, seed)
        return self._trials[place, seed]

    def _made(self, place: int, seed: int) -> Trial:
        known = self._trials.get((place, self.sweep.spec.seed_values[0]))
        if known:
            return self._with_seed(known, place, seed)
        cell, layers = self.cells[place]
        collector = MisfitCollector()
        with collector:
            effort = _effort(cell, layers)
        with collector:
            source, config = self._computed(place, seed)
        collector.require_none()
        trial = self._first(place, config, source, effort)
        _require_fitting_source(trial, layers.transfer)
        return replace(trial, seed=seed)

    def _with_seed(self, known: Trial, place: int, seed: int) -> Trial:
        """Return a valid trial of a cell with another seed. Raises Misfits for what it starts from."""
        layers = self.cells[place][1]
        given = layers.transfer
        source = self._source(place, seed, given) if isinstance(given, SourceReference) else None
        subset_seed = known.config.data.subset_seed if "subset_seed" in layers.tree.get("data", {}) else seed
        config = reseeded(known.config, seed, subset_seed, source.snapshot if source else None)
        if place not in self._fields:
            self._fields[place] = canonical_fields(known.config)
        name = id_of_fields(reseeded_fields(self._fields[place], config))
        return replace(known, id=name, config=config, seed=seed, source=source)

    def _computed(self, place: int, seed: int) -> tuple[Source | None, TrainConfig]:
        """Return what a trial starts from, and its configuration. Raises Misfits."""
        cell, layers = self.cells[place]
        given = layers.transfer
        source = self._source_of(place, seed, given) if isinstance(given, SourceReference) else None
        start = given if not isinstance(given, SourceReference) else source.snapshot if source else None
        with _locating_errors(cell):
            return source, completed(layers.with_seed(seed, start), layers.data.description)

    def _first(self, place: int, config: TrainConfig, source: Source | None, effort: Effort) -> Trial:
        cell, layers = self.cells[place]
        return Trial(
            id=trial_id(config),
            config=config,
            cell=cell.label,
            settings=settings_of(cell, layers.full_tree),
            seed=config.seed,
            data_path=layers.data.path,
            horizon_kimg=config.whole_iterations(effort.horizon_kimg),
            resources=effort.resources,
            transfer_path=layers.transfer if isinstance(layers.transfer, Path) else None,
            preset=layers.preset["preset"],
            name=cell.name,
            axes=cell.axes,
            source=source,
            asked_kimg=effort.horizon_kimg,
        )

    def _source_of(self, place: int, seed: int, reference: SourceReference) -> Source | None:
        """Return what a trial starts from; None where only its other values are checked. Raises Misfits."""
        if self.without_sources:
            return None
        try:
            return self._source(place, seed, reference)
        except Misfits as error:
            raise Misfits(error.found, hides_others=True) from None

    def _source(self, place: int, seed: int, reference: SourceReference) -> Source:
        """Return what a trial starts from: the same object for all seeds that share it. Raises Misfits."""
        if place not in self._found:
            self._found[place] = self.sources.find(self, reference, self.cells[place][0])
        found, there = self._found[place]
        asked = reference.source.seed
        theirs = seed if asked == "same" else found.sweep.spec.seed_values[0] if asked is None else asked
        if (place, theirs) not in self._sources:
            self._sources[place, theirs] = self._made_source(reference, found, (there, theirs), (place, seed))
        return self._sources[place, theirs]

    def _made_source(
        self, reference: SourceReference, found: "Expansion", source: tuple[int, int], mine: tuple[int, int]
    ) -> Source:
        under_way = self.sources.open
        _require_an_end((id(found), *source), [*under_way, (id(self), *mine)], reference)
        under_way.append((id(self), *mine))
        try:
            trial = found.trial(*source)
        except Misfits as error:
            raise error if found is self else _as_seen_here(error, found.sweep, reference) from None
        finally:
            under_way.pop()
        try:
            return Source(trial, found.sweep, snapshot_of(reference.source.at, trial, found.sweep.spec))
        except Unkept as problem:
            raise Misfits([Misfit(reference.path, f"at: {problem} (source {trial.cell})")]) from None


def _effort(cell: SweepCell, layers: Layers) -> Effort:
    """Return how long a cell is trained, and on what. Raises Misfits."""
    collector = MisfitCollector()
    with collector, _locating_errors(cell, "resources"):
        resources = Resources.model_validate(layers.tree["resources"])
    with collector, _locating_errors(cell):
        length = Length.model_validate({HORIZON: layers.tree[HORIZON]})
    collector.require_none()
    return Effort(length.horizon_kimg, resources)


def _require_an_end(source: OpenTrial, under_way: list[OpenTrial], reference: SourceReference) -> None:
    """Raise Misfits where a source is itself being made, or is one of too many in a row."""
    if source in under_way:
        name = reference.source.cell or "this"
        raise Misfits([Misfit(reference.path, f"{name} starts, in the end, from itself", concerns_cell=True)])
    if len(under_way) > MAX_SOURCES:
        raise Misfits([Misfit(reference.path, f"more than {MAX_SOURCES} sources in a row are refused")])


def _as_seen_here(error: Misfits, there: Sweep, reference: SourceReference) -> Misfits:
    """Return what is wrong with a source in another sweep as a mistake of the line that names it."""
    collector = ProblemCollector(there)
    collector.add(reference.source.cell, error.found)
    return Misfits([Misfit(reference.path, f"its source cannot be had: {one}") for one in collector.problems])


def _require_fitting_source(trial: Trial, reference: Path | SourceReference | None) -> None:
    """Raise Misfits where a source has networks of another shape than the trial that starts from it."""
    if trial.source is None or not isinstance(reference, SourceReference):
        return
    found = unfit(trial.source.trial.config.networks, trial.config.networks)
    if found:
        there = f"{trial.source.trial.cell} of {trial.source.sweep.key}"
        text = f"the source, {there}, does not fit: {', '.join(found)}"
        raise Misfits([Misfit(reference.path, text, concerns_cell=True)])


def _require_axes_to_hold(cell: SweepCell, layers: Layers) -> None:
    """Raise Misfits if another setting overrides an axis of the cell."""
    found = [
        Misfit(override.by, f"overrides the axis {spelled(override.axis)}", override.axis)
        for override in overrides(cell.chosen, cell.implied, layers.full_tree)
    ]
    if found:
        raise Misfits(found)


def _require_even_shares(cell: SweepCell, trial: Trial) -> None:
    """Raise Misfits if the micro-batches of an iteration do not divide evenly among the GPUs, or need one each."""
    gpus, shares = trial.resources.whole_gpus, trial.config.micro_batches
    if not trial.config.suits(gpus or 1):
        how = "one each" if trial.config.generator.joins_micro_batches else "evenly"
        fitting = ", ".join(str(count) for count in range(1, min(shares, MOST_GPUS) + 1) if trial.config.suits(count))
        text = f"{gpus} GPUs cannot share the micro-batches of an iteration ({shares}) {how}; use {fitting}"
        raise Misfits([Misfit(affecting("resources.gpus", cell.settings)[-1].path, text, concerns_cell=True)])


@contextlib.contextmanager
def _locating_errors(cell: SweepCell, *group: str) -> Iterator[None]:
    """Convert validation errors of a group of settings to misfits with their locations."""
    try:
        yield
    except ValidationError as error:
        found: list[ErrorDetails] = [{**detail, "loc": (*group, *detail["loc"])} for detail in error.errors()]
        raise Misfits([locate_error(detail, cell.settings) for detail in found]) from None
