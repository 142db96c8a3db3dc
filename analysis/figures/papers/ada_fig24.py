"""The hyper-parameters of this code's presets (ADA, Table 24). Needs no run."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.shapes.text_table import TextTable, draw_table, table_size
from analysis.results.load import Curves, Runs
from trainer.config.dataset.config import DataDescription
from trainer.config.presets.official import OFFICIAL, auto_row
from trainer.config.resolve import resolve

AUTO_AT = ((128, 8), (256, 8), (512, 8), (1024, 8))
"""(resolution, devices) for which `auto` is shown."""

RESOLUTIONS = {"stylegan2": 1024, "paper256": 256, "paper512": 512, "paper1024": 1024, "cifar": 32, "cifarbaseline": 32}
"""The images for which each preset was made."""


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
        made = [
            {"preset": name, **row._asdict(), **_networks(name, RESOLUTIONS[name])} for name, row in OFFICIAL.items()
        ]
        for side, devices in AUTO_AT:
            name = f"auto {side}² on {devices}"
            made.append({"preset": name, **auto_row(side, devices)._asdict(), **_networks("auto", side, devices)})
        return Presets(pd.DataFrame(made), [])

    def size(self, data: Presets) -> tuple[float, float]:
        return table_size(_as_text(data))

    def draw(self, data: Presets, ax: Axes) -> None:
        draw_table(_as_text(data), ax)


def _networks(preset: str, resolution: int, devices: int = 1) -> dict[str, object]:
    """Return the settings outside the rows of the presets, as resolved for images of this size."""
    data = DataDescription(name="any", fingerprint="0" * 16, images=2, resolution=resolution, channels=3)
    config = resolve({"preset": preset, "preset_devices": devices}, data).model_dump()
    precision = config["generator"]["precision"]
    return {
        "resolution": resolution,
        "fp16_resolutions": 0 if precision["dtype"] == "fp32" else precision["top_resolutions"],
        "style_mixing": config["objective"]["style_mixing"],
        "path_length_weight": config["objective"]["path_length_weight"],
        "d_architecture": config["discriminator"]["architecture"],
    }


def _as_text(data: Presets) -> TextTable:
    names = [str(name) for name in data.table if name != "preset"]
    rows = [[name, *(_written(value) for value in data.table[name])] for name in names]
    return TextTable(["", *data.table["preset"]], rows)


def _written(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "none" if pd.isna(value) else f"{value:.6g}"
