"""Histograms of the discriminator's logits from logits.jsonl: densities at a few points in the training of one run."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from trainer.config.stored import LOGIT_KINDS, StoredRow, is_within, rows_of
from trainer.files import read_regular

COLUMNS = ["kimg", "kind", "logit", "density", "plotted_kimg"]
SHARE_OF_SPACING = 0.85
BINS_JOINED = 4

_KIMG = re.compile(rb'"kimg":\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)')


def slices(path: Path, horizon_kimg: float, count: int) -> pd.DataFrame:
    """Return the histograms in `path` at `count` evenly spaced points in training; the last line per kimg wins.

    Invalid lines are skipped, and so is a file that cannot be read. Groups of BINS_JOINED neighbouring bins are merged.
    `density` is per unit of logit; `plotted_kimg` is the outline of the slice: the highest peak of all slices reaches
    SHARE_OF_SPACING of the way to the next slice.
    """
    parts = [_densities(kimg, row) for kimg, row in _chosen(_last_line_by_kimg(path, horizon_kimg), path, count)]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    kimgs = np.sort(table["kimg"].unique())
    spacing = float(np.diff(kimgs).min()) if len(kimgs) > 1 else float(kimgs[0])
    reach = table["density"] / table["density"].max() * spacing * SHARE_OF_SPACING
    return table.assign(plotted_kimg=table["kimg"] + reach)


def _last_line_by_kimg(path: Path, horizon_kimg: float) -> dict[float, bytes]:
    """Return whole lines by kimg; parsing thousands of histograms to draw a few would take seconds."""
    try:
        lines = read_regular(path).splitlines()
    except OSError:
        return {}
    found = ((float(place[1]), line) for line in lines if line.endswith(b"}") and (place := _KIMG.search(line)))
    return {round(kimg, 3): line for kimg, line in found if is_within(kimg, horizon_kimg)}


def _chosen(lines: dict[float, bytes], path: Path, count: int) -> list[tuple[float, StoredRow]]:
    """Return the rows of `count` lines, evenly spread over those that are histograms."""
    while True:
        rows = {kimg: next(rows_of(lines[kimg], path, []), None) for kimg in _spread_out(sorted(lines), count)}
        whole = [(kimg, row) for kimg, row in rows.items() if row]
        if len(whole) == len(rows):
            return whole
        lines = {kimg: line for kimg, line in lines.items() if rows.get(kimg, True)}


def _spread_out(kimgs: list[float], count: int) -> list[float]:
    places = np.linspace(0, len(kimgs) - 1, min(count, len(kimgs))).round().astype(int)
    return [kimgs[place] for place in places]


def _densities(kimg: float, row: StoredRow) -> pd.DataFrame:
    joined = slice(None, None, BINS_JOINED if (len(row["bins"]) - 1) % BINS_JOINED == 0 else 1)
    edges = np.asarray(row["bins"], dtype=float)[joined]
    parts = []
    for kind in LOGIT_KINDS:
        counts = np.asarray(row.get(kind) or [], dtype=float)
        if counts.sum() > 0:
            counts = np.add.reduceat(counts, np.arange(len(counts))[joined])
            density = counts / counts.sum() / np.diff(edges)
            centres = (edges[:-1] + edges[1:]) / 2
            parts.append(pd.DataFrame({"kimg": kimg, "kind": kind, "logit": centres, "density": density}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
