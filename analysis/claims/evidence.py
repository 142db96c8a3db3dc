"""The evidence for a claim: the numbers of both sides, and the energy of their runs."""

import math
from typing import NamedTuple

import pandas as pd

from analysis.claims.readings import is_at, quantity_label, values_by_seed, values_of
from analysis.claims.stats import rank_sum_p
from analysis.errors import ClaimError
from analysis.results.load import Curves, Runs
from analysis.tables.attempts import JOULES_PER_KWH
from trainer.config.claims.cells import Cells, pair_of
from trainer.config.claims.grammar import Claim, ClaimProblem, out_of_reach

SHOWN = 4
"""How many evaluations are named where a claim asks for another."""


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
    if why := unmeasured(claim, runs, curves, labels):
        raise ClaimError(f'claim "{claim.text}": {why}')
    less, more = (runs.frame[runs.frame["cell"] == label] for label in labels)
    if set(less["trial"]) & set(more["trial"]):
        raise ClaimError(f'claim "{claim.text}": {labels[0]} and {labels[1]} are the same runs')
    read = values_by_seed if runs.plan.sequential else values_of
    values = read(claim, less, curves), read(claim, more, curves)
    joules = [_joules(cell, curves) for cell in (less, more)]
    return Evidence(*labels, *values, quantity_label(claim, curves.score), *joules)


def unmeasured(claim: Claim, runs: Runs, curves: Curves, labels: tuple[str, str]) -> str:
    """Return why the runs of two cells will have no value that a claim compares, "" if they may have."""
    cells = [runs.frame[runs.frame["cell"] == label] for label in labels]
    beyond = out_of_reach(claim, min(float(cell["horizon_kimg"].min()) for cell in cells))
    return beyond or next(filter(None, (_passed_over(claim, cell, curves) for cell in cells)), "")


def _passed_over(claim: Claim, cell: pd.DataFrame, curves: Curves) -> str:
    """Return that the runs of a cell are past the moment of a claim, and none was evaluated then; "" if not so."""
    kimg, evaluated = claim.kimg, curves.scores["kimg"][curves.scores["run"].isin(cell["run"])]
    if kimg is None or not (evaluated > kimg).any() or is_at(kimg, evaluated).any():
        return ""
    nearest = sorted(set(evaluated), key=lambda moment: abs(moment - kimg))[:SHOWN]
    listed = ", ".join(f"{moment:g}" for moment in sorted(nearest))
    return f"{cell['cell'].iloc[0]} is not evaluated at {kimg:g} kimg; its nearest evaluations are at {listed} kimg"


def _joules(cell: pd.DataFrame, curves: Curves) -> float:
    """Return the mean joules of a finished run of this cell, for this sweep; NaN where none is finished or metered."""
    done = cell["run"][cell["state"] == "done"]
    return float(done.map(curves.own_joules).astype(float).mean()) if len(done) else math.nan


def cells_of(runs: Runs) -> Cells:
    """Return the cells of the plan by label."""
    return {run.cell: run for run in runs.plan.cells}
