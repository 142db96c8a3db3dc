"""The curves of a cell's runs as a band: median, minimum and maximum over seeds."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WINDOWS = 50
BAND_COLUMNS = [
    *("cell", "method", "training_images", "kimg", "median", "min", "max"),
    *("runs", "diverged_runs", "diverged_in_the_end", "planned_runs"),
]


def bands(curves: pd.DataFrame, runs: pd.DataFrame, value: str, worst: float | None = None) -> pd.DataFrame:
    """Return one row per (cell, kimg) with the median, minimum and maximum of `value` over the seeds.

    `curves` has the columns run, kimg and `value`. From its divergence on, a diverged run counts as `worst` in the
    median, but not in the minimum and maximum; with `worst` None its curve simply ends.

    Points at which some seeds were passed over are left out: the median would jump between seeds.
    """
    number, cells = pd.factorize(runs["cell"])
    grid = _Grid.of(curves, runs, value)
    parts = [_band(grid.only(number == cell), runs[number == cell], worst) for cell in range(len(cells))]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[BAND_COLUMNS] if filled else pd.DataFrame(columns=BAND_COLUMNS)


def windowed(ticks: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return [run kimg value]: means over WINDOWS equal windows of training if there are more ticks than windows.

    Each mean is placed at the end of its window. A tick is a noisy sample: its r_t comes from a few hundred images.
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


class _Grid(NamedTuple):
    """`values` [k r] of r runs at k values of kimg, and where they are `known`; built once for all cells."""

    kimg: NDArray[np.float64]
    run: NDArray[np.int64]
    values: NDArray[np.float64]
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, curves: pd.DataFrame, runs: pd.DataFrame, value: str) -> "_Grid":
        """Return the grid of those values of `curves` that belong to `runs`."""
        column = pd.Index(runs["run"]).get_indexer(curves["run"])
        line, kimg = pd.factorize(curves["kimg"], sort=True)
        values = np.full((len(kimg), len(runs)), np.nan)
        known = np.zeros(values.shape, dtype=bool)
        place = line[column >= 0], column[column >= 0]
        values[place], known[place] = curves[value][column >= 0], True
        return cls(np.asarray(kimg), runs["run"].to_numpy(), values, known)

    def only(self, chosen: NDArray[np.bool_]) -> pd.DataFrame:
        """Return the values of the chosen runs (kimg by run), without runs and kimg that have no value."""
        columns = np.flatnonzero(chosen & self.known.any(axis=0))
        lines = np.flatnonzero(self.known[:, columns].any(axis=1))
        return pd.DataFrame(self.values[np.ix_(lines, columns)], index=self.kimg[lines], columns=self.run[columns])


def _band(grid: pd.DataFrame, planned: pd.DataFrame, worst: float | None) -> pd.DataFrame:
    ends = planned.set_index("run")["diverged_kimg"].where(planned.set_index("run")["diverged"], np.inf)
    dead = grid.index.to_numpy()[:, None] >= ends.loc[grid.columns].to_numpy()[None, :]
    finite = grid.where(np.isfinite(grid) & ~dead)
    ranked = finite if worst is None else finite.mask(dead, worst)
    keep = ranked.notna().any(axis=1) & ~_passed_over(grid, dead)
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


def _passed_over(grid: pd.DataFrame, dead: NDArray[np.bool_]) -> pd.Series:
    """Return at which kimg a run lacks a value that has some later, as where another sweep evaluated it elsewhere."""
    known = grid.notna()
    is_known_later = known[::-1].cummax()[::-1]
    return (~known & is_known_later & ~dead).any(axis=1)
