"""The hyper-parameters of this code's presets (ADA, Table 24). Needs no run."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.shapes.text_table import TextTable, draw_table, table_size
from analysis.results.load import Curves, Runs
from trainer.config.presets.official import OFFICIAL, PresetRow, auto_row

AUTO_AT = ((128, 8), (256, 8), (512, 8), (1024, 8))
"""(resolution, devices) for which `auto` is shown."""


class Presets(NamedTuple):
    """One row of `table` per preset."""

    table: pd.DataFrame
    cells: list[str]


@dataclass(frozen=True)
class PresetTable:
    """The presets as a typeset table, one column each."""

    title: str = "Hyper-parameters of the presets"
    aggregation: str = "needs no run: the presets of this code; kimg: length of training in the papers"

    def data(self, _runs: Runs, _curves: Curves) -> Presets:
        """Return the rows of all presets, and of `auto` at the resolutions of AUTO_AT."""
        rows = OFFICIAL | {f"auto {side}² on {devices}": auto_row(side, devices) for side, devices in AUTO_AT}
        return Presets(pd.DataFrame([{"preset": name, **row._asdict()} for name, row in rows.items()]), [])

    def size(self, data: Presets) -> tuple[float, float]:
        return table_size(_as_text(data))

    def draw(self, data: Presets, ax: Axes) -> None:
        draw_table(_as_text(data), ax)


def _as_text(data: Presets) -> TextTable:
    rows = [[name, *(_written(value) for value in data.table[name])] for name in PresetRow._fields]
    return TextTable(["", *data.table["preset"]], rows)


def _written(value: float) -> str:
    return "none" if pd.isna(value) else f"{value:.6g}"
