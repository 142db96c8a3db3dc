"""The ranking of a search's configurations: by the median over seeds of their best scores."""

import pandas as pd

from analysis.results.score import Score
from analysis.results.spread import spread


def ranked(runs: pd.DataFrame, score: Score) -> list[str]:
    """Return the cells of `runs` (rows of Runs.frame), best first; those without a score last, in the plan's order.

    A diverged run counts as worst. Among equal medians, the configuration sampled first comes first.
    """
    table = spread(runs, "best", worst=score.worst)
    medians = table["median"]
    order = (-medians if score.higher_is_better else medians).sort_values(kind="stable", na_position="last").index
    return [str(cell) for cell in table["cell"].loc[order]]


def with_rank_as_method(runs: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Return the runs of a search with the rank as method, since the full settings do not fit in a figure."""
    rank = {cell: f"rank {place}" for place, cell in enumerate(ranked(runs, score), 1)}
    return runs.assign(method=runs["cell"].map(rank))
