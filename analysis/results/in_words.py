"""The course of training in words: one sentence for each cell of a summary."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.results.score import Score
from analysis.results.summary import Summary

TURNED = 1.1
"""A curve turned if it ends at least this many times its best score; smaller changes are taken for noise."""

OVERFITTED = 0.8
"""From this r_t on, the discriminator takes held-out images for generated ones; ADA's target is 0.6."""


def in_words(summary: Summary) -> list[str]:
    """Return a line per cell: where its score was best, whether it turned, and whether the discriminator overfitted."""
    return [
        f"{row['cell']}: {_course(row, summary.score)}{_augmentation(row)}{_overfitting(row)}."
        for row in summary.table.to_dict("records")
    ]


def turned(best: float, last: float, higher_is_better: bool) -> bool:
    """Return whether a score that ends at `last` has turned away from its best."""
    worse = best / last if higher_is_better else last / best
    return worse >= TURNED


def _course(row: Mapping[Any, Any], score: Score) -> str:
    best, last = float(row["best"]), float(row["last"])
    if np.isinf(last) or np.isinf(best):
        return "diverged"
    if pd.isna(last) or pd.isna(best):
        return "not evaluated yet"
    of = f" (medians of {row['scored_runs']} runs)" if row["scored_runs"] > 1 else ""
    begin = f"{score.family} was best, {best:.4g}, at {row['best_kimg']:g} kimg"
    if best <= 0 or last <= 0:
        return f"{begin}, and ended at {last:.4g}{of}"
    if turned(best, last, score.higher_is_better):
        way = "down" if score.higher_is_better else "up"
        return f"{begin}, and ended {abs(last / best - 1):.0%} worse, at {last:.4g}{of}: it turned {way}"
    return f"{begin}, and ended at {last:.4g}{of}: it did not turn"


def _augmentation(row: Mapping[Any, Any]) -> str:
    shown = f"{row['p']:.2f}"
    return f"; p ended at {shown}" if row["p"] > 0 and float(shown) else ""


def _overfitting(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["r_t"]):
        return ""
    known = ": the discriminator takes held-out images for generated ones" if row["r_t"] >= OVERFITTED else ""
    return f"; r_t ended at {row['r_t']:.2f}{known}"
