"""Lines of the .jsonl files as rows of the tables: torn lines are skipped, the last line per key is kept."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeGuard, cast

from analysis.tables.schema import Row


def metric_row(trial: str, line: Row) -> Row | None:
    """Return the row of a line of metrics.jsonl, None where it is not one. A value of null is no number: NaN."""
    kimg, value = line.get("kimg"), line.get("value", "")
    if not _is_number(kimg) or not isinstance(line.get("metric"), str) or not (value is None or _is_number(value)):
        return None
    line |= {"trial": trial, "kimg": round(kimg, 3), "value": math.nan if value is None else value}
    identity = line.get("identity") or ""
    line |= {"identity": identity, "basis": line.get("basis") or identity, "reference": line.get("reference") or ""}
    line |= {"evaluation_seconds": line.get("seconds"), "time_unix_s": line.get("time")}
    return line


def tick_row(trial: str, line: Row) -> Row | None:
    """Return the row of a line of ticks.jsonl, None where it is not one."""
    kimg, stats = line.get("kimg"), line.get("stats")
    if not _is_number(kimg):
        return None
    line |= {"trial": trial, "kimg": round(kimg, 3), "time_unix_s": line.get("time")}
    line["stats"] = list(stats.items()) if isinstance(stats, dict) else []
    return line


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) is float or type(value) is int


def last_rows(
    found: list[Row], where: str, skipped: list[str], key: tuple[str, ...], row_of: Callable[[Row], Row | None]
) -> list[Row]:
    """Return the last row per `key` of the lines of a file, ordered by it; `where` names the file."""
    last: dict[tuple[Any, ...], Row] = {}
    for line in found:
        row = row_of(line)
        if row is None:
            skipped.append(f"{where}: a row lacks its kimg, name or value")
        else:
            last[tuple(row[name] for name in key)] = row
    return [last[name] for name in sorted(last)]


def lines(path: Path, skipped: list[str]) -> list[Row]:
    """Return the objects of a .jsonl file in order; list every other line in `skipped`.

    The file is parsed as a whole; only if that fails, line by line.
    """
    if not path.exists():
        return []
    texts = [text for text in path.read_text(encoding="utf-8", errors="replace").split("\n") if text]
    try:
        whole = json.loads(f"[{','.join(texts)}]")
        if len(whole) == len(texts) and all(isinstance(line, dict) for line in whole):
            return cast(list[Row], whole)
    except json.JSONDecodeError:
        pass
    return list(_line_by_line(path, texts, skipped))


def _line_by_line(path: Path, texts: list[str], skipped: list[str]) -> Iterator[Row]:
    for number, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            line = None
        if isinstance(line, dict):
            yield line
        elif text.strip():
            skipped.append(f"{path.parent.name}/{path.name}:{number}: torn line")
