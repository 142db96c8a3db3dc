"""Recorded values of a sweep's score."""

import math
from collections import defaultdict
from statistics import fmean
from typing import NamedTuple

from trainer.config.job import read_job
from trainer.config.metrics.names import better
from trainer.config.stored import EvaluationMoments, is_within, rows_in
from trainer.record import RunDir
from trainer.recording.requests import ALL


class LastAndBest(NamedTuple):
    """The newest and the best value of a metric."""

    last: float | None = None
    best: float | None = None


def score_of(run: RunDir, score: str, moments: EvaluationMoments, sweep: str = ALL, seeds: int = 1) -> LastAndBest:
    """Return the newest and the best (finite) recorded value of the metric `score` of a trial, up to a horizon.

    `moments`, `sweep` and `seeds` select rows as in `score_curve`.
    """
    values = score_curve(run, score, moments, sweep, seeds)
    if not values:
        return LastAndBest()
    best = min if better(score) == "lower" else max
    return LastAndBest(values[max(values)], best(filter(math.isfinite, values.values()), default=None))


def score_curve(
    run: RunDir, score: str, moments: EvaluationMoments, sweep: str = ALL, seeds: int = 1
) -> dict[float, float]:
    """Return the values of the metric `score` by kimg, up to a horizon: the mean over seeds of the last row of each.

    Rows at other moments, and of evaluation seeds from `seeds` on, count only if `sweep` itself requested them.
    """
    horizon, named = moments.horizon_kimg, (row for row in rows_in(run.metrics) if row["metric"] == score)
    rows = [(row, row.get("seed") or 0) for row in named if is_within(row["kimg"], horizon)]
    asked = [seed < seeds and moments.include(row["kimg"]) for row, seed in rows]
    others = frozenset() if all(asked) else _attempts_of_others(run, sweep)
    by_kimg: dict[float, dict[int, float]] = defaultdict(dict)
    for (row, seed), is_asked in zip(rows, asked, strict=True):
        if is_asked or row.get("attempt") not in others:
            by_kimg[row["kimg"]][seed] = row["value"]
    return {kimg: fmean(of_seeds.values()) for kimg, of_seeds in by_kimg.items()}


def _attempts_of_others(run: RunDir, sweep: str) -> frozenset[int]:
    """Return the numbers of the attempts that other sweeps requested."""
    jobs = {number: read_job(run.job(number)) for number in run.attempts()} if sweep != ALL else {}
    return frozenset(number for number, job in jobs.items() if job and job.sweep not in (ALL, sweep))
