"""The evidence for a claim: the numbers of both sides, and the energy of their runs."""

import math
from typing import NamedTuple

import pandas as pd

from analysis.claims.readings import quantity_label, values_by_seed, values_of
from analysis.claims.stats import rank_sum_p
from analysis.errors import ClaimError
from analysis.results.load import Curves, Runs
from analysis.tables.attempts import JOULES_PER_KWH
from trainer.config.claims.cells import Cells, pair_of
from trainer.config.claims.grammar import Claim, ClaimProblem, out_of_reach


class Evidence(NamedTuple):
    """The evidence for a claim: the numbers of both sides, and the mean energy of a run of each side in joules."""

    less_cell: str
    more_cell: str
    less: list[float]
    more: list[float]
    compared: str
    less_joules: float
    more_joules: float

    @property
    def p_value(self) -> float:
        """The exact p-value of "the numbers of `less` are smaller"; 1 where a side has none."""
        return rank_sum_p(self.less, self.more) if self.less and self.more else 1.0

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self.less), len(self.more)

    def first(self, seeds: int) -> "Evidence":
        """Return the evidence of the first `seeds` values of each side."""
        return self._replace(less=self.less[:seeds], more=self.more[:seeds])

    def kwh_of(self, further: tuple[int, int]) -> float | None:
        """Return the kWh of so many further runs of (less, more), at the mean of finished ones; None if unknown."""
        joules_per_run = (self.less_joules, self.more_joules)
        total = sum(number * joules for number, joules in zip(further, joules_per_run, strict=True) if number)
        return None if math.isnan(total) else total / JOULES_PER_KWH


def evidence_of(claim: Claim, runs: Runs, curves: Curves) -> Evidence:
    """Return the evidence in a sweep's runs; with sequential seeds, that of the first seeds without a gap."""
    try:
        labels = pair_of(claim, cells_of(runs))
    except ClaimProblem as problem:
        raise ClaimError(f'claim "{claim.text}": {problem}') from problem
    if why := beyond_horizon(claim, runs, labels):
        raise ClaimError(f'claim "{claim.text}": {why}')
    less, more = (runs.frame[runs.frame["cell"] == label] for label in labels)
    if set(less["trial"]) & set(more["trial"]):
        raise ClaimError(f'claim "{claim.text}": {labels[0]} and {labels[1]} are the same runs')
    read = values_by_seed if runs.plan.sequential else values_of
    values = read(claim, less, curves), read(claim, more, curves)
    return Evidence(*labels, *values, quantity_label(claim, curves.score), _joules(less), _joules(more))


def beyond_horizon(claim: Claim, runs: Runs, labels: tuple[str, str]) -> str:
    """Return why the runs of two cells have no value that a claim compares, "" if they have."""
    horizons = runs.frame["horizon_kimg"][runs.frame["cell"].isin(labels)]
    return out_of_reach(claim, float(horizons.min()))


def _joules(cell: pd.DataFrame) -> float:
    """Return the mean joules of a finished run of this cell; NaN where none is finished or metered."""
    return float(cell["energy_joules"][cell["state"] == "done"].astype(float).mean())


def cells_of(runs: Runs) -> Cells:
    """Return the cells of the plan by label."""
    return {run.cell: run for run in runs.plan.cells}
