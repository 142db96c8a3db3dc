"""Recorded values of a sweep's score."""

import math
from collections import defaultdict
from statistics import fmean
from typing import NamedTuple

from trainer.config.metrics.names import better
from trainer.config.stored import is_within, rows_in
from trainer.record import RunDir


class LastAndBest(NamedTuple):
    """The newest and the best value of a metric."""

    last: float | None = None
    best: float | None = None


def score_of(run: RunDir, score: str, horizon_kimg: float) -> LastAndBest:
    """Return the newest and the best (finite) recorded value of the metric `score` of a trial, up to a horizon."""
    values = score_curve(run, score, horizon_kimg)
    if not values:
        return LastAndBest()
    best = min if better(score) == "lower" else max
    return LastAndBest(values[max(values)], best(filter(math.isfinite, values.values()), default=None))


def score_curve(run: RunDir, score: str, horizon_kimg: float) -> dict[float, float]:
    """Return the values of the metric `score` by kimg, up to a horizon: the mean over seeds of the last row of each."""
    seeds: dict[float, dict[int, float]] = defaultdict(dict)
    for row in rows_in(run.metrics):
        if row["metric"] == score and is_within(row["kimg"], horizon_kimg):
            seeds[row["kimg"]][row.get("seed") or 0] = row["value"]
    return {kimg: fmean(of_seeds.values()) for kimg, of_seeds in seeds.items()}
