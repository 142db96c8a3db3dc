"""The summary of a sweep: one row per cell, as numbers and as a table for the terminal or in Markdown."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.results.load import Curves, Runs
from analysis.results.score import Score
from analysis.results.spread import spread
from analysis.tables.attempts import JOULES_PER_KWH
from trainer.command_line.fitting import Column
from trainer.command_line.table import FittedTable

DASH = "–"


class Summary(NamedTuple):
    """One row of `table` per cell, units in the names; sums over seeds are called total. `energy`: how it is known."""

    sweep: str
    tier: str | None
    score: Score
    table: pd.DataFrame
    energy: str


def summarize(runs: Runs, curves: Curves) -> Summary:
    """Return the summary of a sweep: medians over seeds of scores, p and r_t; totals of time and energy."""
    frame = _with_last_ticks(runs.frame, curves.ticks)
    table = spread(frame, "best", curves.score.worst).drop(columns="planned_runs")
    table = table.rename(columns={"runs": "scored_runs", "median": "best", "min": "best_min", "max": "best_max"})
    last = spread(frame, "last", curves.score.worst)
    groups = frame.groupby("cell", sort=False)
    table["last"], table["last_min"], table["last_max"] = last["median"], last["min"], last["max"]
    for name, column in (("best_kimg", "best_kimg"), ("p", "p"), ("r_t", "r_t"), ("images_per_second",) * 2):
        table[name] = groups[column].median().to_numpy()
    table["total_hours"] = groups["hours"].sum(min_count=1).to_numpy()
    table["total_energy_kwh"] = (groups["energy_joules"].sum(min_count=1) / JOULES_PER_KWH).to_numpy()
    table["energy_method"] = [_methods(part) for _, part in groups]
    table["state"] = [_states(part) for _, part in groups]
    return Summary(runs.plan.sweep, runs.plan.tier, curves.score, table, _methods(frame))


def _with_last_ticks(frame: pd.DataFrame, ticks: pd.DataFrame) -> pd.DataFrame:
    last = ticks.sort_values(["run", "kimg"], kind="stable").drop_duplicates("run", keep="last")
    return frame.merge(last[["run", "p", "r_t"]], on="run", how="left")


def _methods(part: pd.DataFrame) -> str:
    begun = part[part["attempts"].fillna(0) > 0]
    methods = sorted({method for methods in begun["energy_methods"] for method in methods})
    unknown = int(begun["unmetered_attempts"].sum())
    return "; ".join(methods + ([f"{unknown} attempts unmetered"] if unknown else []))


def _states(part: pd.DataFrame) -> str:
    counts = Counter(part["state"])
    words = [f"{counts[state]} {state}" for state in sorted(counts, key=lambda state: (state != "done", state))]
    going = part[(part["state"] != "done") & (part["kimg"] > 0) & ~part["diverged"]]
    share = (going["kimg"] / going["horizon_kimg"]).mean()
    return ", ".join(words) + (f" ({share:.0%})" if len(going) else "")


COLUMNS = (
    Column("cell", least=24),
    Column("best", right=True),
    Column("at kimg", 90, right=True),
    Column("last", 80, right=True),
    Column("p", 40, right=True),
    Column("r_t", 20, right=True),
    Column("hours", 60, right=True),
    Column("img/s", 30, right=True),
    Column("kWh", 50, right=True),
    Column("state"),
)
HEADINGS = tuple(column.heading for column in COLUMNS)


def cells_of(summary: Summary) -> list[list[str]]:
    """Return the rows as text, under HEADINGS."""
    return [
        [
            row["cell"],
            _spread(row["best"], row["best_min"], row["best_max"], row["scored_runs"]),
            _kimg(row["best_kimg"]),
            _spread(row["last"], row["last_min"], row["last_max"], row["scored_runs"]),
            _number(row["p"], 2),
            _number(row["r_t"], 2),
            _number(row["total_hours"], 2),
            _number(row["images_per_second"], 1),
            _number(row["total_energy_kwh"], 4) + ("*" if row["energy_method"] else ""),
            row["state"],
        ]
        for row in summary.table.to_dict("records")
    ]


def notes(summary: Summary) -> list[str]:
    """Return the notes below the table: metric identity, aggregation, how energy was measured."""
    energy = [f"* {summary.energy}"] if summary.energy else []
    return [
        f"Tier: {summary.tier or 'default'} · {summary.score.description}",
        "best and last: median [min–max] over seeds, a diverged run counts as worst; hours and kWh: total over seeds",
        *energy,
    ]


def fitted_table(summary: Summary) -> FittedTable:
    """Return the table for a terminal."""
    return FittedTable(COLUMNS, cells_of(summary), title=f"{summary.sweep}: {summary.score.label}")


def markdown(summary: Summary) -> str:
    """Return the table in Markdown, with notes below."""
    rule = [":--" if heading in ("cell", "state") else "--:" for heading in HEADINGS]
    lines = [f"| {' | '.join(row)} |" for row in ([*HEADINGS], rule, *cells_of(summary))]
    return "\n".join([*lines, "", *(f"{note}  " for note in notes(summary))])


def _number(value: float, digits: int) -> str:
    if pd.isna(value):
        return DASH
    return "diverged" if np.isinf(value) else f"{value:.{digits}f}"


def _kimg(value: float) -> str:
    """Return kimg with three decimals, without trailing zeros."""
    return DASH if pd.isna(value) else f"{value:.3f}".rstrip("0").rstrip(".")


def _spread(median: float, low: float, high: float, runs: int) -> str:
    span = f" [{low:.2f}–{high:.2f}]" if runs > 1 else ""
    return _number(median, 2) + span
