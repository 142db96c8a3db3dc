"""From lines of the .jsonl files to rows of the tables: invalid lines are skipped, the last line per key wins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.tables.schema import Row
from trainer.config.stored import Malformed, rows_in


def metric_row(trial: str, line: Row) -> Row:
    """Return the table row of a line of metrics.jsonl."""
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
    """Return the table row of a line of ticks.jsonl."""
    stats = list((line.get("stats") or {}).items())
    return line | {"trial": trial, "kimg": round(line["kimg"], 3), "time_unix_s": line.get("time"), "stats": stats}


def last_rows(found: list[Row], key: tuple[str, ...], row_of: Callable[[Row], Row]) -> list[Row]:
    """Return the last row per `key` of the lines of a file, sorted by key."""
    last: dict[tuple[Any, ...], Row] = {}
    for row in map(row_of, found):
        last[tuple(row[name] for name in key)] = row
    return [last[name] for name in sorted(last)]


def lines(path: Path, skipped: list[str]) -> list[Row]:
    """Return the valid rows of a .jsonl file, in order; add a note for every other line to `skipped`."""
    malformed: list[Malformed] = []
    found = rows_in(path, malformed)
    skipped += [unreadable_note(one) for one in malformed]
    return found


def unreadable_note(malformed: Malformed) -> str:
    """Return a note on an unreadable part of a trial, with its path from the trial's id on."""
    parts = malformed.path.parts
    inner = next((name for name in ("attempts", "set-aside") if name in parts), "")
    root = parts.index(inner) - 1 if inner else len(parts) - 2
    return str(malformed._replace(path=Path(*parts[root:])))
