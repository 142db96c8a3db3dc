"""Our numbers beside published ones: reproduced, off by so much, or not comparable and why."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd

from analysis.claims.evidence import cells_of
from analysis.claims.verdicts import Loader
from analysis.results.load import Runs
from trainer.config.claims.cells import cell_of
from trainer.config.claims.grammar import ClaimProblem, is_measured
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import family_of, network_of
from trainer.config.published_value import OverRuns, PublishedValue

PAPER_TIERS = (None, "", "paper")


class Outcome(StrEnum):
    """How a number of ours relates to a published one."""

    REPRODUCED = "REPRODUCED"
    OFF = "OFF"
    NOT_COMPARABLE = "NOT COMPARABLE"
    PENDING = "PENDING"


class PublishedComparison(NamedTuple):
    """A published value with ours (NaN where there is none), of so many `runs`; `off` is a share of the published."""

    published: PublishedValue
    outcome: Outcome
    ours: float
    runs: int
    off: float
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values; null where there is no number."""
        numbers = {
            name: None if math.isnan(value) else value for name, value in (("ours", self.ours), ("off", self.off))
        }
        return {**self._asdict(), **numbers, "published": self.published.model_dump(mode="json")}


AGGREGATES: Mapping[OverRuns, Callable[[pd.Series, bool], float]] = {
    "median": lambda values, _: float(values.median()),
    "mean": lambda values, _: float(values.mean()),
    "best": lambda values, higher: float(values.max() if higher else values.min()),
}


def compare_published(load: Loader) -> list[PublishedComparison]:
    """Return every published value of the plan beside the best values of the finished runs of its cell."""
    runs = load(None)[0]
    return [_compared(value, runs, load) for value in runs.plan.published]


def _compared(value: PublishedValue, runs: Runs, load: Loader) -> PublishedComparison:
    measured = is_measured(value.metric, runs.plan.metrics)
    try:
        cell = cell_of(value.side, cells_of(runs))
    except ClaimProblem as problem:
        return PublishedComparison(value, Outcome.NOT_COMPARABLE, math.nan, 0, math.nan, f"not in this plan: {problem}")
    reasons = list(_differences(value, runs, measured))
    ours, count = _ours(value, cell, load) if measured else (math.nan, 0)
    off = ours / value.value - 1 if value.value else math.nan
    if reasons:
        return PublishedComparison(value, Outcome.NOT_COMPARABLE, ours, count, off, "; ".join(reasons))
    if math.isnan(ours):
        return PublishedComparison(value, Outcome.PENDING, ours, count, off, "no run of this cell is done")
    close = abs(ours - value.value) <= max(value.tolerance * abs(value.value), value.spread or 0.0)
    return PublishedComparison(value, Outcome.REPRODUCED if close else Outcome.OFF, ours, count, off, "")


def _differences(value: PublishedValue, runs: Runs, measured: bool) -> Iterator[str]:
    plan = runs.plan
    if plan.tier not in PAPER_TIERS:
        yield f"tier {plan.tier}"
    if not measured:
        yield f"metrics here are {', '.join(plan.metrics)}"
    detector = (plan.detector or DETECTOR).partition(":")[0]
    source = family_of(value.metric).source
    if source == "detector" and detector != value.detector:
        yield f"features of {detector}, published: {value.detector}"
    if source == "manifold" and network_of(source, plan.distance or DISTANCE) == "detector":
        yield f"features of {detector}, published: vgg16"
    if value.not_comparable:
        yield value.not_comparable


def _ours(value: PublishedValue, cell: str, load: Loader) -> tuple[float, int]:
    """Return our number of a cell, and of how many finished runs; diverged ones have none."""
    runs, curves = load(value.metric)
    frame = runs.frame
    done = frame[(frame["cell"] == cell) & (frame["state"] == "done") & ~frame["diverged"]]
    best = done["best"].astype(float).dropna()
    return AGGREGATES[value.aggregate](best, curves.score.higher_is_better), len(best)


def comparison_lines(found: Sequence[PublishedComparison]) -> list[str]:
    """Return a line for every published value."""
    return list(map(_line, found))


def _line(one: PublishedComparison) -> str:
    value = one.published
    spread = "" if value.spread is None else f" ± {value.spread:g}"
    unit = f" {value.unit}" if value.unit else ""
    ours = "none yet" if math.isnan(one.ours) else f"{one.ours:.4g} ({value.aggregate} of {one.runs})"
    outcome = outcome_words(one)
    return (
        f"{outcome}  {value.of}, {value.metric}: published {value.value:g}{spread}{unit}, ours {ours}  ({value.source})"
    )


def outcome_words(one: PublishedComparison) -> str:
    """Return how ours relates to the published value, in words."""
    if one.outcome is Outcome.OFF:
        return f"OFF BY {100 * one.off:+.1f} %"
    return f"{one.outcome.value}: {one.reason}" if one.reason else one.outcome.value
