"""The best snapshot of a trial by the score of its options."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from trainer.config.metrics.names import better, main_name
from trainer.config.options import RunOptions


def best_snapshot(snapshots: Iterable[int], rows: Iterable[dict[str, Any]], options: RunOptions) -> int | None:
    """Return the image counter of the best of these snapshots, given the rows of metrics.jsonl.

    It is the earliest of equal ones, and None if none has a score.
    """
    metric = _score(options)
    if not metric:
        return None
    sign = 1 if better(metric) == "lower" else -1
    scores = {images: sign * value for images, value in means(rows, metric).items()}
    scored = [images for images in snapshots if math.isfinite(scores.get(images, math.inf))]
    return min(scored, key=lambda images: scores[images], default=None)


def _score(options: RunOptions) -> str:
    """Return the recorded name of the score: the first metric unless it is set, "" if there is none."""
    first = options.metrics[0] if options.metrics else ""
    return main_name(options.score or first, options.detector, options.distance)


def means(rows: Iterable[dict[str, Any]], metric: str) -> Mapping[int, float]:
    """Return by image counter the mean of a metric over evaluation seeds; the last row of a seed counts."""
    by_images: dict[int, dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row["metric"] == metric:
            by_images[round(row["kimg"] * 1000)][row.get("seed", 0)] = row["value"]
    return {images: fmean(values.values()) for images, values in by_images.items()}
