"""Invertibility of an augmentation: the spectrum and condition number of its mixing weights (ADA, App. C).

With probability p an image is transformed by an element of a finite group, drawn with weights q; the distribution of
augmented images is the true one mixed with weights w = (1 - p) delta + p q. They act as a circulant matrix, whose
eigenvalues are the discrete Fourier transform of w; if one is near zero, the augmentation is not invertible. For
uniform q on any group, all eigenvalues but the first are 1 - p, so the condition number is 1 / (1 - p).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.figures.grid import divide
from analysis.figures.style import GREY, legend_outside, pens
from analysis.results.load import Curves, Runs

MixingWeights = NDArray[np.float64]
SIDE = 256
REACH = SIDE // 8
SPECTRUM_P = 0.8
P = np.round(np.arange(0, 0.991, 0.01), 2)


def uniform(order: int) -> MixingWeights:
    """Return the weights of a uniform draw from a cyclic group, such as flips (2) or quarter turns (4)."""
    return np.full(order, 1 / order)


def shifts(side: int, reach: int) -> MixingWeights:
    """Return the weights of a uniform draw of integer shifts up to `reach` pixels on a torus of `side`."""
    weights = np.zeros(side)
    weights[np.arange(-reach, reach + 1)] = 1 / (2 * reach + 1)
    return weights


GROUPS: Mapping[str, MixingWeights] = {
    "flips (2)": uniform(2),
    "quarter turns (4)": uniform(4),
    f"shifts up to 1/8 ({SIDE})": shifts(SIDE, REACH),
}


def eigenvalues(weights: MixingWeights, p: float) -> MixingWeights:
    """Return the absolute eigenvalues of the mixing matrix at probability p, the discrete Fourier transform of w."""
    mixed = p * weights
    mixed[0] += 1 - p
    return np.abs(np.fft.fft(mixed))


def condition(weights: MixingWeights, p: float) -> float:
    """Return the condition number of the mixing matrix at probability p."""
    found = eigenvalues(weights, p)
    return float(found.max() / found.min())


class Invertibility(NamedTuple):
    """`table`: group kind place value. `place` is p for kind "condition", the frequency in cycles for "eigenvalue"."""

    table: pd.DataFrame
    cells: list[str]


@dataclass(frozen=True)
class InvertibilityFigure:
    """Eigenvalues at one p beside condition numbers over p."""

    title: str = "Invertibility of augmentations"
    aggregation: str = (
        "needs no run: discrete Fourier transform of the mixing weights; grey: 1 / (1 - p), the condition "
        "number of a uniform draw from any group"
    )

    def data(self, _runs: Runs, _curves: Curves) -> Invertibility:
        """Return eigenvalues and condition numbers of every group."""
        parts = []
        for group, weights in GROUPS.items():
            spectrum = eigenvalues(weights, SPECTRUM_P)[: len(weights) // 2 + 1]
            cycles = np.arange(len(spectrum)) / len(weights)
            parts.append(pd.DataFrame({"group": group, "kind": "eigenvalue", "place": cycles, "value": spectrum}))
            numbers = [condition(weights, float(p)) for p in P]
            parts.append(pd.DataFrame({"group": group, "kind": "condition", "place": P, "value": numbers}))
        reference = pd.DataFrame({"group": "1 / (1 - p)", "kind": "condition", "place": P, "value": 1 / (1 - P)})
        return Invertibility(pd.concat([*parts, reference], ignore_index=True), [])

    def size(self, _: Invertibility) -> tuple[float, float]:
        return (9.0, 4.0)

    def draw(self, data: Invertibility, ax: Axes) -> None:
        figure, grid = divide(ax, 1, 2)
        left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
        pen_of = dict(zip(GROUPS, pens(len(GROUPS)), strict=True))
        for (group, kind), rows in data.table.groupby(["group", "kind"], sort=False):
            subplot = left if kind == "eigenvalue" else right
            if group not in pen_of:
                subplot.plot(rows["place"], rows["value"], color=GREY, linewidth=4, alpha=0.35, label=group)
                continue
            pen = pen_of[group]
            marker = pen.marker if len(rows) < 8 else ""
            named = group if kind == "condition" else None
            subplot.plot(
                rows["place"], rows["value"], color=pen.color, linestyle=pen.dashes, marker=marker, label=named
            )
        left.set_title(f"eigenvalues at p = {SPECTRUM_P:g}")
        left.set_xlabel("cycles per element of the group")
        left.set_ylabel("absolute eigenvalue")
        left.set_ylim(0, 1.02)
        right.set_title("condition number")
        right.set_xlabel("augmentation probability p")
        right.set_yscale("log")
        legend_outside(right)
