"""The rows of `make gpu-check`, its results file and its page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HERE = Path(__file__).resolve().parents[1]
RESULTS = HERE / "gpu-latest.json"
PAGE = HERE.parent / "docs" / "performance-gpu.md"


class Row(NamedTuple):
    """One check or measurement: `passed` is None where nothing is required."""

    what: str
    value: float | None
    unit: str
    passed: bool | None = None
    note: str = ""


Parts = Mapping[str, Sequence[Row]]


def as_json(machine: Mapping[str, str], parts: Parts) -> str:
    """Return the results file."""
    rows = {part: [row._asdict() for row in found] for part, found in parts.items()}
    return json.dumps({"machine": dict(machine), "parts": rows}, indent=1) + "\n"


def failures(parts: Parts) -> list[str]:
    """Return the checks that did not pass."""
    return [f"{part}: {row.what} ({row.note})" for part, rows in parts.items() for row in rows if row.passed is False]


def render(machine: Mapping[str, str], parts: Parts) -> str:
    """Return the machine and a table of each part, as Markdown."""
    lines = ["Measured on: " + "; ".join(f"{key} {value}" for key, value in machine.items())]
    for part, rows in parts.items():
        lines += ["", f"**{part}**", "", "| what | value | unit | required | note |", "|---|---|---|---|---|"]
        lines += map(_line, rows)
    return "\n".join(lines)


def write(results: Path, page: Path, machine: Mapping[str, str], parts: Parts) -> None:
    """Write both files; the page keeps what is outside its markers. Raises ValueError if it has none."""
    results.write_text(as_json(machine, parts), encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{render(machine, parts)}\n{END}{after}", encoding="utf-8")


def _line(row: Row) -> str:
    verdict: dict[bool | None, str] = {True: "met", False: "missed", None: ""}
    value: Any = "–" if row.value is None else f"{row.value:.4g}"
    return f"| {row.what} | {value} | {row.unit} | {verdict[row.passed]} | {row.note} |"
