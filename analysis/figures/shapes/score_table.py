"""Scores as a typeset table: a row per method, a column per size or data set and metric."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.shapes.run_filters import RunFilter, everything
from analysis.figures.shapes.text_table import TextTable, draw_table, table_size
from analysis.results.facets import CELL, METHOD, NAME, SIZE, joined, ordered_jointly
from analysis.results.load import Curves, Runs
from analysis.results.metric_columns import plotted_metrics
from analysis.results.score import Score

Aggregate = Literal["mean", "median", "best"]

AGGREGATIONS: dict[Aggregate, str] = {
    "mean": "best snapshot of each run; mean ± standard deviation over the runs that did not diverge",
    "median": "best snapshot of each run; median over runs, a diverged run counts as worst",
    "best": "best snapshot of the best run",
}
DASH = "–"


class TableData(NamedTuple):
    """One row of `table` per cell and metric: row column metric value std runs diverged_runs planned_runs text."""

    table: pd.DataFrame
    cells: list[str]
    text: TextTable


@dataclass(frozen=True)
class ScoreTable:
    """A table of scores. `families`: the metric families of the sweep that are shown; () for the score.

    If `at_score`, every metric is that of the snapshot, and of the run, that the score picks. Values of the families
    `thousandfold` are shown times 1000.
    """

    title: str
    aggregate: Aggregate = "mean"
    rows: tuple[str, ...] = (NAME,)
    columns: tuple[str, ...] = (SIZE,)
    families: tuple[str, ...] = ()
    keep: RunFilter = everything
    at_score: bool = False
    thousandfold: tuple[str, ...] = ()

    @property
    def aggregation(self) -> str:
        where = "of the snapshot that the score picks" if self.at_score else "at its own best snapshot"
        more = f"; every metric {where}" if self.families else ""
        return f"{AGGREGATIONS[self.aggregate]}{more}; in brackets: runs included of those planned, if not all"

    def data(self, runs: Runs, curves: Curves) -> TableData:
        """Return the aggregated best values of every cell and metric, every cell in a place of its own.

        Where names put two cells in one place, whole methods are shown; where these do too, a row per cell.
        """
        kept = runs.only(sorted(set(runs.frame["cell"][self.keep(runs.frame)])))
        tables = (self, self._with_whole_methods(), self._with_row_per_cell())
        return next(table for table in tables if table._tells_apart(kept.frame))._data_of(kept, curves)

    def _with_whole_methods(self) -> "ScoreTable":
        rows, columns = (tuple(METHOD if key == NAME else key for key in keys) for keys in (self.rows, self.columns))
        return replace(self, rows=rows, columns=columns)

    def _with_row_per_cell(self) -> "ScoreTable":
        return replace(self, rows=(CELL,), columns=())

    def _tells_apart(self, frame: pd.DataFrame) -> bool:
        places = pd.DataFrame({"row": joined(frame, self.rows, " · "), "column": joined(frame, self.columns, "\n")})
        cells = places.assign(cell=frame["cell"]).drop_duplicates()
        return not cells.duplicated(["row", "column"]).any()

    def _data_of(self, kept: Runs, curves: Curves) -> TableData:
        shown = plotted_metrics(kept.plan, curves, self.families)
        parts = [self._of_metric(self._valued(kept, of), of.score, self._chooser(curves, of)) for of in shown]
        table = pd.concat(parts, ignore_index=True)
        rows, columns = (ordered_jointly(kept.frame, *by) for by in ((self.rows, " · "), (self.columns, "\n")))
        by_row = not {NAME, METHOD}.isdisjoint(self.columns)
        return TableData(table, kept.cells, _as_text(table, rows, columns, by_row, self.thousandfold))

    def _valued(self, runs: Runs, of: Curves) -> pd.DataFrame:
        """Return the runs with `choice`, what picks their best snapshot, and `best`, the metric's value there."""
        if not self.at_score:
            frame = runs.scored_by(of).frame
            return frame.assign(choice=frame["best"])
        values = of.scores.set_index(["run", "kimg"])["value"]
        places = pd.MultiIndex.from_frame(runs.frame[["run", "best_kimg"]])
        return runs.frame.assign(choice=runs.frame["best"], best=values.reindex(places).to_numpy(dtype=float))

    def _chooser(self, curves: Curves, of: Curves) -> Score:
        return curves.score if self.at_score else of.score

    def _of_metric(self, frame: pd.DataFrame, score: Score, chooser: Score) -> pd.DataFrame:
        frame = frame.assign(row=joined(frame, self.rows, " · "), column=joined(frame, self.columns, "\n"))
        rows = [self._entry(part, score, chooser) for _, part in frame.groupby("cell", sort=False)]
        return pd.DataFrame(rows, columns=["cell", *COLUMNS])

    def _entry(self, cell: pd.DataFrame, score: Score, chooser: Score) -> dict[str, object]:
        finite = cell["best"].where(~cell["diverged"]).dropna()
        ranked = cell["best"].mask(cell["diverged"], score.worst).dropna()
        choice = cell["choice"].loc[finite.index].sort_values(ascending=not chooser.higher_is_better, kind="stable")
        best = finite.loc[choice.index[0]] if len(choice) else np.nan
        value = {"mean": finite.mean(), "median": ranked.median(), "best": best}[self.aggregate]
        std = finite.std() if self.aggregate == "mean" else np.nan
        return {
            **{"cell": cell["cell"].iloc[0], "row": cell["row"].iloc[0], "column": cell["column"].iloc[0]},
            **{"metric": score.metric, "higher_is_better": score.higher_is_better, "value": value, "std": std},
            **{"runs": len(finite), "diverged_runs": int(cell["diverged"].sum()), "planned_runs": len(cell)},
        }

    def size(self, data: TableData) -> tuple[float, float]:
        return table_size(data.text)

    def draw(self, data: TableData, ax: Axes) -> None:
        draw_table(data.text, ax)


COLUMNS = (
    *("row", "column", "metric", "higher_is_better", "value", "std"),
    *("runs", "diverged_runs", "planned_runs"),
)


def _as_text(
    table: pd.DataFrame, rows: list[str], columns: list[str], by_row: bool, thousandfold: tuple[str, ...]
) -> TextTable:
    metrics = list(dict.fromkeys(table["metric"]))
    places = [(column, metric) for column in columns for metric in metrics]
    entry_of = {(entry["row"], entry["column"], entry["metric"]): entry for entry in table.to_dict("records")}
    one = len(metrics) == 1
    factor = {name: 1000.0 if name.startswith(thousandfold) else 1.0 for name in metrics}
    titles = {name: f"{name} × 10³" if factor[name] > 1 else name for name in metrics}
    headings = [titles[metrics[0]] if one else "", *(_heading(column, titles[name], one) for column, name in places)]
    text = [[row, *(_written(entry_of.get((row, *place)), factor[place[1]]) for place in places)] for row in rows]
    return TextTable(headings, text, frozenset(best_places(table, rows, places, "row" if by_row else "column")))


def _heading(column: str, title: str, one: bool) -> str:
    return column if one else f"{column}\n{title}".strip()


def best_places(
    table: pd.DataFrame, rows: list[str], places: list[tuple[str, str]], within: str
) -> list[tuple[int, int]]:
    """Return the (row, column) of the best entries per metric, within each row or column; none where all are equal."""
    found = []
    for _, part in table[np.isfinite(table["value"])].groupby([within, "metric"], sort=False):
        value = part["value"].max() if part["higher_is_better"].iloc[0] else part["value"].min()
        best = part[part["value"] == value]
        if len(best) < len(part):
            where = zip(best["row"], best["column"], best["metric"], strict=True)
            found += [(rows.index(row), 1 + places.index((column, metric))) for row, column, metric in where]
    return found


def _written(entry: dict[object, object] | None, factor: float = 1.0) -> str:
    if entry is None:
        return ""
    value, std = float(str(entry["value"])) * factor, float(str(entry["std"])) * factor
    runs = int(str(entry["runs"]))
    diverged, planned = int(str(entry["diverged_runs"])), int(str(entry["planned_runs"]))
    decimals = 2 if abs(value) >= 1 or not np.isfinite(value) else 4
    number = f"{value:.{decimals}f}" if np.isfinite(value) else "diverged" if diverged else DASH
    spread = f" ± {std:.{decimals}f}" if np.isfinite(std) else ""
    notes = [f"{runs} of {planned}"] if runs < planned else []
    notes += [f"{diverged} diverged"] if diverged and np.isfinite(value) else []
    return number + spread + (f" ({', '.join(notes)})" if notes else "")
