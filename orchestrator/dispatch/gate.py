"""The gate before a sweep is planned: everything that is wrong with it, found in one pass."""

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from orchestrator.errors import Problem
from orchestrator.plan.moments import moment_problems
from orchestrator.plan.preflight import Lacks, measuring_problems, runtime_problems
from orchestrator.plan.sources import NeededSource, other_sources
from orchestrator.sweep.claims import misnamed_claims, misplaced_claims, same_sided_claims
from orchestrator.sweep.expand import ExaminedCells, examined_cells
from orchestrator.sweep.expansion import Expansion
from orchestrator.sweep.published_values import misnamed_values, misplaced_values
from orchestrator.sweep.reader import AXES, Examined, Sweep
from orchestrator.sweep.search_points import typical_cells
from orchestrator.sweep.trial import DataLookup, Trial
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.claims.cells import Cells

ITEM = re.compile(r"\[\d+\]$")
"""The end of the key of an item of a list."""

PRICED = frozenset({"horizon_kimg", "metrics", "detector", "evaluation_seeds", "watch", "resources"})
"""Keys without which a price is worth nothing."""

TIMED = frozenset({"horizon_kimg", "watch"})
"""Keys without which it is not known when anything is evaluated."""

UNDECIDED = frozenset({"seeds", "underpowered"})
"""Keys without which nothing is known of what claims can show."""


class Machine(NamedTuple):
    """Where trials are to run: the name of a backend, and why it can never provide some resources."""

    name: str
    lacks: Lacks


ANY_MACHINE = Machine("", lambda _: "")
"""Where the backend is not known."""


class Gated(NamedTuple):
    """The valid trials of a sweep, a typical configuration of its search, and everything that is wrong.

    `left_out` are the keys that are not as in the file. `cells` are all cells by label;
    None if they, or what claims say of them, are not known. `expansion` makes further trials of the valid cells.
    `examples` are cells of configurations that a search may sample.
    """

    sweep: Sweep
    trials: tuple[Trial, ...]
    sample: list[Trial]
    problems: list[Problem]
    left_out: frozenset[str]
    cells: Cells | None
    expansion: Expansion | None
    examples: Cells

    @property
    def is_priceable(self) -> bool:
        """Return whether nothing is wrong with what the price of the valid trials depends on."""
        return PRICED.isdisjoint(self.left_out)


def gated(
    read: Examined, sweep: Sweep, find: DataLookup, machine: Machine, replaced: Container[str] | None = None
) -> Gated:
    """Return the trials of a sweep, the readable part of a file, with all problems of the file and of the trials.

    `replaced` are the keys that the command line replaces where snapshots are evaluated and nothing is trained.
    """
    has_axes = AXES.isdisjoint(read.left_out)
    own = examined_cells(sweep, find) if has_axes else ExaminedCells([], [])
    trials, spec = tuple(own.trials), sweep.spec
    if replaced is not None:
        sweep, trials = _without_search(sweep), tuple(replace(trial, source=None) for trial in trials)
    typical = typical_cells(sweep, find) if has_axes and sweep.spec.search else ExaminedCells([], [])
    if replaced is None:
        every = (*trials, *typical.trials, *typical.examples)
        running = runtime_problems(sweep, every, machine.lacks, machine.name) + _problems_of_sources(every, machine)
    else:
        running = measuring_problems(sweep, trials, machine.lacks, replaced)
    moments = moment_problems(sweep, trials) if TIMED.isdisjoint(read.left_out) and replaced is None else ()
    placed = _misnamed(sweep, typical) if spec.search and replaced is None else _misplaced(sweep, own)
    placed += [sweep.problem(path, text) for path, text in moments]
    problems = _one_a_place(read.problems, [*own.problems, *typical.problems], placed, running)
    cells = own.cells if has_axes and UNDECIDED.isdisjoint(read.left_out) else None
    return Gated(sweep, trials, typical.trials, problems, read.left_out, cells, own.expansion, typical.cells or {})


def _one_a_place(*groups: Sequence[Problem]) -> list[Problem]:
    """Return the problems of all groups, without those at places where an earlier group has some.

    The values of an axis are at its place.
    """
    found: list[Problem] = []
    for group in groups:
        places = {(problem.place, problem.key) for problem in found}
        found += [problem for problem in group if places.isdisjoint(_places(problem))]
    return found


def _places(problem: Problem) -> set[tuple[str, str]]:
    """Return where a problem is: at its key, and if that is an item of a list, at the list."""
    return {(problem.place, problem.key), (problem.place, ITEM.sub("", problem.key))}


def _without_search(sweep: Sweep) -> Sweep:
    """Return a sweep without search and stop rules, to evaluate its existing trials."""
    return replace(sweep, spec=sweep.spec.model_copy(update={"search": None, "stop": []}))


def _problems_of_sources(trials: Sequence[Trial], machine: Machine) -> list[Problem]:
    """Return what would fail of the trials of other sweeps that these start from, at the lines of those sweeps."""
    by_sweep: dict[str, list[NeededSource]] = {}
    for source in other_sources(trials).values():
        by_sweep.setdefault(source.sweep.key, []).append(source)
    found = (
        runtime_problems(group[0].sweep, [one.trial for one in group], machine.lacks, machine.name)
        for group in by_sweep.values()
    )
    unknown = [
        group[0].sweep.problem(("resources",), "auto is not possible in the sweep of a source; name a number")
        for group in by_sweep.values()
        if group[0].sweep.spec.resources.chosen
    ]
    return [*unknown, *(problem for problems in found for problem in problems)]


def _misplaced(sweep: Sweep, examined: ExaminedCells) -> list[Problem]:
    """Return claims and published values of missing cells."""
    if examined.cells is None:
        return []
    claims = _misplaced_claims(sweep, examined, examined.cells)
    values = misplaced_values(sweep.spec.published, examined.cells) if sweep.states_published else ()
    return [sweep.problem(path, text) for path, text in (*claims, *values)]


def _misplaced_claims(sweep: Sweep, examined: ExaminedCells, cells: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield claims of cells that are the same runs and, unless they are inherited, of missing cells."""
    trials_of: defaultdict[str, set[str]] = defaultdict(set)
    for trial in examined.trials:
        trials_of[trial.cell].add(trial.id)
    if sweep.states_claims:
        yield from misplaced_claims(sweep.spec.claims, cells)
    yield from same_sided_claims(sweep.spec.claims, cells, trials_of, "" if sweep.states_claims else sweep.tier)


def _misnamed(sweep: Sweep, examples: ExaminedCells) -> list[Problem]:
    """Return claims and published values of names that no configuration of a search can have."""
    if not examples.cells:
        return []
    claims = misnamed_claims(sweep.spec.claims, examples.cells) if sweep.states_claims else ()
    values = misnamed_values(sweep.spec.published, examples.cells) if sweep.states_published else ()
    return [sweep.problem(path, text) for path, text in (*claims, *values)]
