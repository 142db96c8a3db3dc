"""The tables of docs/performance.md, between two markers of the page."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_into(page: Path, found: dict[str, Any]) -> None:
    """Replace the tables between the markers of `page`. Raises ValueError if there are none."""
    replace_between_markers(page, render(found))


def replace_between_markers(page: Path, measured: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace the text between two markers of `page`. Raises ValueError if there are none."""
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{page} has no {begin} and {end}")
    before, after = text.split(begin)[0], text.split(end)[1]
    page.write_text(f"{before}{begin}\n{measured}\n{end}{after}", encoding="utf-8")


def render(found: dict[str, Any]) -> str:
    """Return the machine and a table for each part, as Markdown."""
    lines: list[str] = []
    for name, part in found.items():
        rows = part["rows"]
        measured = {**part["machine"], **{key: f"{value:.1f}" for key, value in part["peaks"].items()}}
        lines += ["", f"**{name}**: " + "; ".join(f"{key} {value}" for key, value in measured.items()), ""]
        lines += _ratios(rows) if rows and "slow" in rows[0] else _rates(rows)
    return "\n".join(lines[1:])


def _ratios(rows: list[dict[str, Any]]) -> list[str]:
    head = ["| what | one side | other side | ms | ms | ratio |", "|---|---|---|---|---|---|"]
    return head + [
        f"| {r['name']} | {r['slow_name']} | {r['fast_name']} | {r['slow']:.2f} | {r['fast']:.2f} | {r['ratio']:.2f} |"
        for r in rows
    ]


def _rates(rows: list[dict[str, Any]]) -> list[str]:
    head = ["| what | achieved | beside | of | unit | share |", "|---|---|---|---|---|---|"]
    return head + [
        f"| {r['name']} | {r['achieved']:.1f} | {r['beside']:.1f} | {r['beside_name']} | {r['unit']} "
        f"| {r['ratio']:.2f} |"
        for r in rows
    ]
