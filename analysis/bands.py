"""Curves of single runs drawn together per cell: the median over seeds, between the least and the greatest."""

import numpy as np
import pandas as pd

WINDOWS = 50
BAND_COLUMNS = [
    *("cell", "method", "training_images", "kimg", "median", "min", "max"),
    *("runs", "diverged_runs", "diverged_in_the_end", "planned_runs"),
]


def bands(curves: pd.DataFrame, runs: pd.DataFrame, value: str, worst: float | None = None) -> pd.DataFrame:
    """Return one row per (cell, kimg) with the median, minimum and maximum of `value` over the seeds.

    `curves` has run, kimg and `value`. A diverged run counts as `worst` from its divergence on, in the median
    but not in the minimum and maximum; with `worst` None it just ends.
    """
    parts = [pd.DataFrame(columns=BAND_COLUMNS)]
    number, cells = pd.factorize(runs["cell"])
    cell_of_curve = curves["run"].map(pd.Series(number, index=runs["run"]))
    by_cell = dict(list(curves.groupby(cell_of_curve, sort=False)))
    for cell in range(len(cells)):
        if cell in by_cell:
            parts.append(_band(by_cell[cell], runs[number == cell], value, worst))
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[BAND_COLUMNS] if filled else parts[0]


def windowed(ticks: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return `value` [run kimg value] as means over WINDOWS equal windows of training, where there are more ticks.

    Each mean stands at the end of its window. A tick is a noisy sample: r_t of a tick rests on a few hundred images.
    """
    known = ticks[["run", "kimg", value]].dropna()
    if known["kimg"].nunique() <= WINDOWS:
        return known
    width = known["kimg"].max() / WINDOWS
    window = np.ceil(known["kimg"].to_numpy() / width - 1e-9).astype(int)
    place = known["run"].to_numpy() * (WINDOWS + 1) + window
    counts, sums = np.bincount(place), np.bincount(place, weights=known[value])
    filled = np.flatnonzero(counts)
    run, window = np.divmod(filled, WINDOWS + 1)
    return pd.DataFrame({"run": run, "kimg": (window * width).round(3), value: sums[filled] / counts[filled]})


def _band(curves: pd.DataFrame, planned: pd.DataFrame, value: str, worst: float | None) -> pd.DataFrame:
    grid = curves.pivot(index="kimg", columns="run", values=value)
    ends = planned.set_index("run")["diverged_kimg"].where(planned.set_index("run")["diverged"], np.inf)
    dead = grid.index.to_numpy()[:, None] >= ends.loc[grid.columns].to_numpy()[None, :]
    finite = grid.where(np.isfinite(grid) & ~dead)
    ranked = finite if worst is None else finite.mask(dead, worst)
    keep = ranked.notna().any(axis=1)
    first = planned.iloc[0]
    return pd.DataFrame(
        {
            "cell": first["cell"],
            "method": first["method"],
            "training_images": first["training_images"],
            "kimg": grid.index,
            "median": ranked.median(axis=1).to_numpy(),
            "min": finite.min(axis=1).to_numpy(),
            "max": finite.max(axis=1).to_numpy(),
            "runs": finite.notna().sum(axis=1).to_numpy(),
            "diverged_runs": dead.sum(axis=1),
            "diverged_in_the_end": planned["diverged"].sum(),
            "planned_runs": len(planned),
        }
    )[keep.to_numpy()]
