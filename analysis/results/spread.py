"""The spread of a quantity over the seeds of each cell: median, minimum, maximum, and how many runs have diverged."""

import numpy as np
import pandas as pd


def spread(runs: pd.DataFrame, value: str, worst: float | None = None) -> pd.DataFrame:
    """Return one row per cell, in the order of `runs`, over its seeds' `value`.

    A diverged run counts as `worst` in the median (ignored if None), never in the minimum and maximum. Runs without a
    value are not counted in `runs`; a cell without any value has NaN.
    """
    measured = runs[value].astype(float)
    finite = measured.where(np.isfinite(measured) & ~runs["diverged"])
    ranked = finite if worst is None else finite.mask(runs["diverged"], worst)
    groups = runs.assign(ranked=ranked, finite=finite).groupby("cell", sort=False)
    table = groups.agg(
        method=("method", "first"),
        training_images=("training_images", "first"),
        median=("ranked", "median"),
        min=("finite", "min"),
        max=("finite", "max"),
        runs=("finite", "count"),
        diverged_runs=("diverged", "sum"),
        planned_runs=("trial", "size"),
    )
    return table.reset_index()
