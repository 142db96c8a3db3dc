"""What a claim compares, as one number per run: its best score, the last, the rise, or the score at a given kimg.

Only finished runs count: judging a running sweep would let chance choose the moment. A diverged run is finished,
and has the worst rank. A value at a given kimg counts as soon as it has been reached.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.errors import ClaimError
from analysis.results.load import Curves
from analysis.results.score import Score
from trainer.config.claims.grammar import Claim, Reading
from trainer.config.stored import TOLERANCE_KIMG


def values_of(claim: Claim, cell: pd.DataFrame, curves: Curves) -> list[float]:
    """Return the numbers that `claim` compares, of the runs in `cell` (rows of Runs.frame) that have one."""
    measured = _READ[claim.reading](claim, cell, curves)
    if claim.reading is Reading.AT_KIMG:
        dead = cell["diverged"] & measured.isna() & (cell["diverged_kimg"] <= (claim.kimg or 0.0))
    else:
        dead = cell["diverged"]
        measured = measured.where(cell["state"] == "done")
    return [float(value) for value in measured.mask(dead, worst_of(claim.reading, curves.score)).dropna()]


def worst_of(reading: Reading, score: Score) -> float:
    """Return what a diverged run counts as: the worst score, an infinite rise, or a best score at the very start."""
    return {Reading.RISE: float("inf"), Reading.BEST_KIMG: float("-inf")}.get(reading, score.worst)


def described(claim: Claim, score: Score) -> str:
    """Return in words what is compared."""
    words = {
        Reading.BEST: f"best {score.metric}",
        Reading.LAST: f"last {score.metric}",
        Reading.RISE: f"last over best {score.metric}",
        Reading.BEST_KIMG: f"kimg of the best {score.metric}",
    }
    return words.get(claim.reading, f"{score.metric} at {claim.kimg or 0:g} kimg")


def _rise(claim: Claim, cell: pd.DataFrame, curves: Curves) -> pd.Series:
    best, last = cell["best"].astype(float), cell["last"].astype(float)
    if (best.dropna() <= 0).any() or (last.dropna() <= 0).any():
        raise ClaimError(f'claim "{claim.text}": {curves.score.metric} has values of 0 or less; a rise needs ratios')
    return best / last if curves.score.higher_is_better else last / best


def _at_kimg(claim: Claim, cell: pd.DataFrame, curves: Curves) -> pd.Series:
    scores = curves.scores
    there = scores[(scores["kimg"] - (claim.kimg or 0.0)).abs() <= TOLERANCE_KIMG].set_index("run")["value"]
    return cell["run"].map(there[np.isfinite(there)]).astype(float)


_READ: dict[Reading, Callable[[Claim, pd.DataFrame, Curves], pd.Series]] = {
    Reading.BEST: lambda _claim, cell, _curves: cell["best"].astype(float),
    Reading.LAST: lambda _claim, cell, _curves: cell["last"].astype(float),
    Reading.BEST_KIMG: lambda _claim, cell, _curves: cell["best_kimg"].astype(float),
    Reading.RISE: _rise,
    Reading.AT_KIMG: _at_kimg,
}
