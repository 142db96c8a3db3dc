"""Lines of the .jsonl files as rows of the tables: torn lines passed over, the last line per key kept."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analysis.tables import Row


def metric_row(trial: str, line: Row) -> Row | None:
    """Return the row of a line of metrics.jsonl, None where it is not one. A value of null is no number: NaN."""
    kimg, metric = number(line.get("kimg")), line.get("metric")
    value = math.nan if line.get("value", 0) is None else number(line.get("value"))
    if value is None or kimg is None or not isinstance(metric, str):
        return None
    return {
        "trial": trial,
        "attempt": count(line.get("attempt")),
        "kimg": round(kimg, 3),
        "metric": metric,
        "identity": str(line.get("identity", "")),
        "value": value,
        "num_real": count(line.get("num_real")),
        "num_generated": count(line.get("num_generated")),
        "reference": str(line.get("reference", "")),
        "seed": count(line.get("seed")),
        "evaluation_seconds": number(line.get("seconds")),
        "time_unix_s": number(line.get("time")),
    }


_TICK_NUMBERS = ("seconds_per_kimg", "images_per_second", "p", "r_t", "r_v", "lr", "memory_gib", "energy_joules")


def tick_row(trial: str, line: Row) -> Row | None:
    """Return the row of a line of ticks.jsonl, None where it is not one."""
    kimg, stats = number(line.get("kimg")), line.get("stats")
    if kimg is None:
        return None
    return {
        "trial": trial,
        "attempt": count(line.get("attempt")),
        "kimg": round(kimg, 3),
        "time_unix_s": number(line.get("time")),
        **{name: number(line.get(name)) for name in _TICK_NUMBERS},
        "nan_gradients": count(line.get("nan_gradients")),
        "stats": {key: number(value) for key, value in stats.items()} if isinstance(stats, dict) else {},
    }


def last_rows(path: Path, skipped: list[str], key: tuple[str, ...], row_of: Callable[[Row], Row | None]) -> list[Row]:
    """Return the last row per `key`, ordered by it."""
    last: dict[tuple[Any, ...], Row] = {}
    for line in lines(path, skipped):
        row = row_of(line)
        if row is None:
            skipped.append(f"{path.parent.name}/{path.name}: a row lacks its kimg, name or value")
        else:
            last[tuple(row[name] for name in key)] = row
    return [last[name] for name in sorted(last)]


def lines(path: Path, skipped: list[str]) -> Iterator[Row]:
    """Yield the objects of a .jsonl file in order; say of every other line that it was skipped."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                line = None
            if isinstance(line, dict):
                yield line
            elif text.strip():
                skipped.append(f"{path.parent.name}/{path.name}:{number}: torn line")


def number(value: Any) -> float | None:
    """Return a JSON number as float, None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """Return a JSON integer, None for anything else."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None
