"""FID against the target of r_v (a) and r_t (b), a line per training set size (ADA, Fig. 5a and 5b).

Dashed: the best fixed p for that size, if the sweep has runs with fixed p.
"""

from dataclasses import dataclass

import pandas as pd

from analysis.figures.shapes.lines import AGGREGATION, LineData, LineFigure
from analysis.figures.shapes.run_filters import named
from analysis.results.facets import SIZE
from analysis.results.load import Curves, Runs


@dataclass(frozen=True)
class TargetFigure(LineFigure):
    """Lines over targets, with the best cell with fixed p as a dashed line in every panel."""

    @property
    def aggregation(self) -> str:
        return f"{AGGREGATION}; dashed: the best fixed p"

    def data(self, runs: Runs, curves: Curves) -> LineData:
        """Return the lines, and for every panel and size a row without x: the best cell with fixed p."""
        lines = super().data(runs, curves)
        fixed = LineFigure(self.title, x="augment.p", series=SIZE, keep=named("fixed")).data(runs, curves).table
        signed = -fixed["median"] if curves.score.higher_is_better else fixed["median"]
        best = fixed.loc[signed.dropna().groupby(fixed["series"], sort=False).idxmin()].assign(x=float("nan"))
        rows = [lines.table, *(best.assign(panel=panel) for panel in lines.panels if len(best))]
        table = pd.concat(rows, ignore_index=True)
        return lines._replace(table=table, cells=list(dict.fromkeys(table["cell"])))
