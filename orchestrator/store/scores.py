"""The recorded values of the metric that ranks trials."""

from collections import defaultdict
from statistics import fmean
from typing import NamedTuple

from trainer.config.metrics.names import better
from trainer.files import read_lines
from trainer.record import RunDir


class LastAndBest(NamedTuple):
    """The newest and the best value of a metric."""

    last: float | None = None
    best: float | None = None


def score_of(run: RunDir, score: str) -> LastAndBest:
    """Return the newest and the best recorded value of the metric `score` of a trial."""
    values = score_curve(run, score)
    if not values:
        return LastAndBest()
    best = min if better(score) == "lower" else max
    return LastAndBest(values[max(values)], best(values.values()))


def score_curve(run: RunDir, score: str) -> dict[float, float]:
    """Return the values of the metric `score` by kimg: means over evaluation seeds, the last row of each."""
    seeds: dict[float, dict[int, float]] = defaultdict(dict)
    for row in read_lines(run.metrics):
        if row.get("metric") == score:
            seeds[row["kimg"]][row.get("seed", 0)] = row["value"]
    return {kimg: fmean(of_seeds.values()) for kimg, of_seeds in seeds.items()}
