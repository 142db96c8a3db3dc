"""Rows of the .jsonl files as rows of the tables: what does not fit is passed over, the last line per key is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.tables.schema import Row
from trainer.config.stored import Spoilt, rows_in


def metric_row(trial: str, line: Row) -> Row:
    """Return the row of a line of metrics.jsonl."""
    identity = line.get("identity") or ""
    return line | {
        "trial": trial,
        "kimg": round(line["kimg"], 3),
        "identity": identity,
        "basis": line.get("basis") or identity,
        "reference": line.get("reference") or "",
        "evaluation_seconds": line.get("seconds"),
        "time_unix_s": line.get("time"),
    }


def tick_row(trial: str, line: Row) -> Row:
    """Return the row of a line of ticks.jsonl."""
    stats = list((line.get("stats") or {}).items())
    return line | {"trial": trial, "kimg": round(line["kimg"], 3), "time_unix_s": line.get("time"), "stats": stats}


def last_rows(found: list[Row], key: tuple[str, ...], row_of: Callable[[Row], Row]) -> list[Row]:
    """Return the last row per `key` of the lines of a file, ordered by it."""
    last: dict[tuple[Any, ...], Row] = {}
    for row in map(row_of, found):
        last[tuple(row[name] for name in key)] = row
    return [last[name] for name in sorted(last)]


def lines(path: Path, skipped: list[str]) -> list[Row]:
    """Return the rows of a .jsonl file that fit, in order; every other line is listed in `skipped`."""
    spoilt: list[Spoilt] = []
    found = rows_in(path, spoilt)
    skipped += [told(one) for one in spoilt]
    return found


def told(spoilt: Spoilt) -> str:
    """Return what is passed over of a trial, its place beginning with the trial's id."""
    parts = spoilt.path.parts
    root = parts.index("attempts") - 1 if "attempts" in parts else len(parts) - 2
    return str(spoilt._replace(path=Path(*parts[root:])))
