"""Histograms of the discriminator's logits from logits.jsonl: densities at a few points in the training of one run."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from trainer.config.stored import TOLERANCE_KIMG

KINDS = ("train", "validation", "generated")
COLUMNS = ["kimg", "kind", "logit", "density", "plotted_kimg"]
SHARE_OF_SPACING = 0.85
BINS_JOINED = 4

_KIMG = re.compile(r'"kimg":\s*([0-9.eE+-]+)')


def slices(path: Path, horizon_kimg: float, count: int) -> pd.DataFrame:
    """Return the histograms in `path` at `count` evenly spaced points in training; the last line per kimg wins.

    Groups of BINS_JOINED neighbouring bins are merged. `density` is per unit of logit; `plotted_kimg` is the outline of
    the slice: the highest peak of all slices reaches SHARE_OF_SPACING of the way to the next slice.
    """
    texts = _last_line_by_kimg(path, horizon_kimg)
    parts = [_densities(kimg, json.loads(texts[kimg])) for kimg in _spread_out(sorted(texts), count)]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    kimgs = np.sort(table["kimg"].unique())
    spacing = float(np.diff(kimgs).min()) if len(kimgs) > 1 else float(kimgs[0])
    reach = table["density"] / table["density"].max() * spacing * SHARE_OF_SPACING
    return table.assign(plotted_kimg=table["kimg"] + reach)


def _last_line_by_kimg(path: Path, horizon_kimg: float) -> dict[float, str]:
    """Return unparsed lines by kimg: parsing thousands of histograms to draw a few would take seconds."""
    texts: dict[float, str] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            found = _KIMG.search(line)
            if found and line.rstrip().endswith("}") and float(found[1]) <= horizon_kimg + TOLERANCE_KIMG:
                texts[round(float(found[1]), 3)] = line
    return texts


def _spread_out(kimgs: list[float], count: int) -> list[float]:
    places = np.linspace(0, len(kimgs) - 1, min(count, len(kimgs))).round().astype(int)
    return [kimgs[place] for place in places]


def _densities(kimg: float, line: dict[str, list[float] | None]) -> pd.DataFrame:
    joined = slice(None, None, BINS_JOINED if (len(line["bins"] or []) - 1) % BINS_JOINED == 0 else 1)
    edges = np.asarray(line["bins"], dtype=float)[joined]
    parts = []
    for kind in KINDS:
        counts = np.asarray(line.get(kind) or [], dtype=float)
        if counts.sum() > 0:
            counts = np.add.reduceat(counts, np.arange(len(counts))[joined])
            density = counts / counts.sum() / np.diff(edges)
            centres = (edges[:-1] + edges[1:]) / 2
            parts.append(pd.DataFrame({"kimg": kimg, "kind": kind, "logit": centres, "density": density}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
