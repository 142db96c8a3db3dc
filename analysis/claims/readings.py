"""The quantity a claim compares, one number per run: best score, last score, rise, or the score at a given kimg.

Only finished runs count, so that a verdict does not depend on when it is asked for. A diverged run counts as finished
and ranks worst. A value at a given kimg counts as soon as the run has reached it.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.errors import ClaimError
from analysis.results.load import Curves
from analysis.results.score import Score
from trainer.config.claims.grammar import Claim, Reading
from trainer.config.stored import TOLERANCE_KIMG


def values_of(claim: Claim, cell: pd.DataFrame, curves: Curves) -> list[float]:
    """Return the numbers that `claim` compares, for those runs of `cell` (rows of Runs.frame) that have one."""
    return [float(value) for value in _measured(claim, cell, curves).dropna()]


def values_by_seed(claim: Claim, cell: pd.DataFrame, curves: Curves) -> list[float]:
    """Return the numbers that `claim` compares of seeds 0, 1, ... of `cell`, up to the first seed without one."""
    of_seeds = dict(zip(cell["seed"], _measured(claim, cell, curves), strict=True))
    numbers = (float(of_seeds.get(seed, math.nan)) for seed in itertools.count())
    return list(itertools.takewhile(lambda number: not math.isnan(number), numbers))


def _measured(claim: Claim, cell: pd.DataFrame, curves: Curves) -> pd.Series:
    """Return the number of each run; NaN where a run has none yet."""
    measured = _READ[claim.reading](claim, cell, curves)
    if claim.reading is Reading.AT_KIMG:
        diverged = cell["diverged"] & measured.isna() & (cell["diverged_kimg"] <= (claim.kimg or 0.0))
    else:
        diverged = cell["diverged"]
        measured = measured.where(cell["state"] == "done")
    return measured.mask(diverged, worst_of(claim.reading, curves.score))


def worst_of(reading: Reading, score: Score) -> float:
    """Return the value assigned to a diverged run: the worst score, an infinite rise, or a best score at kimg -inf."""
    return {Reading.RISE: float("inf"), Reading.BEST_KIMG: float("-inf")}.get(reading, score.worst)


def quantity_label(claim: Claim, score: Score) -> str:
    """Return the label of the compared quantity."""
    names = {
        Reading.BEST: f"best {score.metric}",
        Reading.LAST: f"last {score.metric}",
        Reading.RISE: f"last over best {score.metric}",
        Reading.BEST_KIMG: f"kimg of the best {score.metric}",
    }
    return names.get(claim.reading, f"{score.metric} at {claim.kimg or 0:g} kimg")


def _rise(claim: Claim, cell: pd.DataFrame, curves: Curves) -> pd.Series:
    best, last = cell["best"].astype(float), cell["last"].astype(float)
    if (best.dropna() <= 0).any() or (last.dropna() <= 0).any():
        raise ClaimError(f'claim "{claim.text}": {curves.score.metric} has values of 0 or less; a rise needs ratios')
    return best / last if curves.score.higher_is_better else last / best


def is_at(kimg: float, moments: pd.Series) -> pd.Series:
    """Return which of the moments are `kimg`."""
    return (moments - kimg).abs() <= TOLERANCE_KIMG


def _at_kimg(claim: Claim, cell: pd.DataFrame, curves: Curves) -> pd.Series:
    scores = curves.scores
    reached = scores[is_at(claim.kimg or 0.0, scores["kimg"])].set_index("run")["value"]
    return cell["run"].map(reached[np.isfinite(reached)]).astype(float)


_READ: dict[Reading, Callable[[Claim, pd.DataFrame, Curves], pd.Series]] = {
    Reading.BEST: lambda _claim, cell, _curves: cell["best"].astype(float),
    Reading.LAST: lambda _claim, cell, _curves: cell["last"].astype(float),
    Reading.BEST_KIMG: lambda _claim, cell, _curves: cell["best_kimg"].astype(float),
    Reading.RISE: _rise,
    Reading.AT_KIMG: _at_kimg,
}
