"""Configurations that a search may yet sample, for the price: typical ones, or drawn ones if horizons differ."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import applies, examined_cells
from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_space import Applies, Point, every, is_countable, sampled
from orchestrator.sweep.trial import DataLookup, Trial

MOST_DRAWN = 64
"""How many configurations are drawn at most: they stand for all others."""


class RandomValues:
    """Samples values as a search without results does, from random numbers of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def suggest_float(self, _name: str, low: float, high: float, *, log: bool = False) -> float:
        share = self.random.random()
        return low * (high / low) ** share if log else low + (high - low) * share

    def suggest_int(self, _name: str, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def suggest_categorical(self, _name: str, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)


def unsampled_trials(sweep: Sweep, find: DataLookup, typical: Sequence[Trial], count: int) -> tuple[Trial, ...]:
    """Return the trials of `count` configurations that a search has yet to sample, as far as they can be foreseen.

    They are those of the `typical` configuration; if conditions give configurations horizons of their own, those of
    configurations drawn at random, the same ones at every call, of which the valid ones are repeated.
    """
    drawn = _drawn(sweep, find, count) if any(HORIZON in when.set for when in sweep.spec.when) else []
    configurations = drawn or [list(typical)]
    return tuple(itertools.chain.from_iterable(itertools.islice(itertools.cycle(configurations), max(0, count))))


def _drawn(sweep: Sweep, find: DataLookup, count: int) -> list[list[Trial]]:
    """Return the trials of up to MOST_DRAWN configurations that a search has not sampled; none of invalid ones."""
    try:
        points = _points(sweep, applies(sweep, find), min(count, MOST_DRAWN))
    except SweepError:  # reported with the sweep's other problems
        return []
    found = (examined_cells(replace(sweep, sampled=(point,)), find) for point in points)
    return [one.trials for one in found if not one.problems]


def _points(sweep: Sweep, fits: Applies, count: int) -> list[Point]:
    search = sweep.spec.search
    assert search
    random = Random(search.seed)
    there = list(itertools.islice(every(search.space, fits), MOST_DRAWN + 1)) if is_countable(search.space) else []
    if 0 < len(there) <= MOST_DRAWN:
        untried = [point for point in there if point not in sweep.sampled]
        return random.sample(untried, min(count, len(untried)))
    return [sampled(search.space, RandomValues(random), fits) for _ in range(count)]
