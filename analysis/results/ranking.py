"""The ranking of a search's configurations: by what it minimised, the mean or the worst of the seeds' best scores."""

import pandas as pd

from analysis.results.score import Score
from trainer.config.plan_file import OverSeeds


def ranking(runs: pd.DataFrame, score: Score, over_seeds: OverSeeds) -> "pd.Series[float]":
    """Return the value of each cell of `runs` (rows of Runs.frame), best first.

    Cells without a score come last, with NaN. A diverged run counts as worst. Among equals, the cell sampled first
    comes first.
    """
    best = runs["best"].astype(float).mask(runs["diverged"], score.worst)
    by_cell = best.groupby(runs["cell"], sort=False)
    worst = by_cell.min if score.higher_is_better else by_cell.max
    values = by_cell.mean() if over_seeds == "mean" else worst()
    order = (-values if score.higher_is_better else values).sort_values(kind="stable", na_position="last").index
    return values.loc[order]


def ranked(runs: pd.DataFrame, score: Score, over_seeds: OverSeeds) -> list[str]:
    """Return the cells in the order of `ranking`."""
    return list(map(str, ranking(runs, score, over_seeds).index))


def with_rank_as_method(runs: pd.DataFrame, score: Score, over_seeds: OverSeeds) -> pd.DataFrame:
    """Return the runs of a search with the rank as method, since the full settings do not fit in a figure."""
    rank = {cell: f"rank {place}" for place, cell in enumerate(ranked(runs, score, over_seeds), 1)}
    return runs.assign(method=runs["cell"].map(rank))
