"""The energy of a sweep by category, as a typeset table: results, wasted work, total, reused work."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.shapes.text_table import TextTable, draw_table, table_size
from analysis.results.energy_ledger import KINDS, UNPLANNED, Factors, Item, item_of, owner_of, weighed
from analysis.results.energy_table import planned_trials
from analysis.results.facets import NAME, labels
from analysis.results.load import Curves, Runs
from analysis.tables.attempts import AttemptRow

RESULT, *WASTED = KINDS
KWH_PER_MWH = 1000.0
AGGREGATION = (
    "attempts submitted by this sweep, by item: the part that results are built on; wasted: work repeated by a later "
    "attempt, or done for failed trials; reused: paid for by another sweep, not in the total; estimated: not read from "
    "a counter"
)
COLUMNS = ("kind", "item", "runs", "attempts", "gpu_years", "cpu_hours", "mwh", "estimated_mwh", "unknown_attempts")
HEADINGS = {"runs": "runs", "gpu_years": "GPU-years", "cpu_hours": "CPU-hours", "mwh": "MWh", "estimated": "estimated"}


class EnergyData(NamedTuple):
    """One row of `table` per line (COLUMNS); `unknown_attempts` are not included in the energy."""

    table: pd.DataFrame
    cells: list[str]


@dataclass(frozen=True)
class EnergyTable:
    """A figure of the ledger of a sweep. `columns` are keys of HEADINGS, `category` a facet or the key of an axis."""

    title: str
    columns: tuple[str, ...]
    category: str = NAME
    aggregation: str = AGGREGATION

    def data(self, runs: Runs, curves: Curves) -> EnergyData:
        """Return the lines of the ledger."""
        attempts, planned = _attempts(runs, curves), planned_trials(runs.store, [])
        owner = {attempt: owner_of(attempt, planned) for attempt in attempts}
        category = dict(zip(runs.frame["trial"], labels(runs.frame, self.category), strict=True))
        own = [attempt for attempt in attempts if owner[attempt] == runs.plan.sweep]
        lines = [
            *_lines(
                "result", RESULT, {name: [a for a in own if category[a.trial] == name] for name in _once(category)}
            ),
            *(line for kind in WASTED for line in _lines("wasted", kind, {kind: own})),
            ("total", item_of("total", "", [(attempt, 1.0) for attempt in own], Factors())),
            *_lines("reused", RESULT, _by_payer(owner, runs.plan.sweep)),
        ]
        return EnergyData(pd.DataFrame([energy_row(*line) for line in lines], columns=COLUMNS), runs.cells)

    def size(self, data: EnergyData) -> tuple[float, float]:
        return table_size(self._as_text(data.table))

    def draw(self, data: EnergyData, ax: Axes) -> None:
        draw_table(self._as_text(data.table), ax)

    def _as_text(self, table: pd.DataFrame) -> TextTable:
        rows = [[_name(row), *(_written(row, column) for column in self.columns)] for row in table.to_dict("records")]
        bold = {(place, column) for place in table.index[table["kind"] == "total"] for column in range(len(rows[0]))}
        return TextTable(["item", *(HEADINGS[column] for column in self.columns)], rows, frozenset(bold))


def _attempts(runs: Runs, curves: Curves) -> list[AttemptRow]:
    rows = curves.source.rows("attempts", AttemptRow._fields, sorted(set(runs.frame["trial"])))
    return [AttemptRow(**row) for row in rows.to_pylist()]


def _once(category: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(category.values()))


def _by_payer(owner: dict[AttemptRow, str], sweep: str) -> dict[str, list[AttemptRow]]:
    """Return the attempts submitted by other sweeps, by sweep."""
    payers = sorted(set(owner.values()) - {sweep, UNPLANNED})
    return {payer: [attempt for attempt, name in owner.items() if name == payer] for payer in payers}


def _lines(kind: str, part: str, groups: dict[str, list[AttemptRow]]) -> Iterator[tuple[str, Item]]:
    for name, attempts in groups.items():
        yield kind, item_of(name, "", weighed(attempts, part), Factors())


def energy_row(kind: str, item: Item) -> tuple[object, ...]:
    """Return one line of the table, under COLUMNS."""
    work = item.runs, item.attempts, item.gpu_years, item.cpu_hours
    return (
        kind,
        item.item,
        *work,
        item.kwh / KWH_PER_MWH,
        item.estimated_kwh / KWH_PER_MWH,
        item.attempts_without_energy,
    )


def _name(row: dict[object, object]) -> str:
    return f"reused from {row['item']}" if row["kind"] == "reused" else str(row["item"])


def _written(row: dict[object, object], column: str) -> str:
    if column == "estimated":
        mwh, estimated = float(str(row["mwh"])), float(str(row["estimated_mwh"]))
        return f"{estimated / mwh:.0%}" if mwh else ""
    unknown = f" + {row['unknown_attempts']} not metered" if column == "mwh" and row["unknown_attempts"] else ""
    return f"{row[column]:.3g}{unknown}"
