"""A typeset text table: headings, horizontal rules, the best entries in bold; a wide table is split into blocks."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from analysis.figures.style import GREY

ROW_INCHES = 0.26
LINE_INCHES = 0.175
GAP_INCHES = 0.15
CHARACTER_INCHES = 0.085
PAGE_INCHES = 10.0
HEADING_CHARACTERS = 14
PIECES = re.compile(r"[^ _-]*[ _-]|[^ _-]+")


class TextTable(NamedTuple):
    """Headings over rows of text; `bold` has the (row, column) of entries in bold."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[tuple[int, int]] = frozenset()


class ColumnBlock(NamedTuple):
    """Some columns of a table, always including the first; widths and heights in inches."""

    columns: list[int]
    widths: list[float]
    headings: list[str]
    height: float

    @property
    def heading_inches(self) -> float:
        return 0.17 + LINE_INCHES * (max(heading.count("\n") for heading in self.headings) + 1)


def blocks(table: TextTable) -> list[ColumnBlock]:
    """Return the table as stacked blocks of columns, each at most as wide as a page."""
    headings = [_narrow(heading) for heading in table.headings]
    widths = [_width(texts) for texts in zip(headings, *table.rows, strict=True)]
    parts: list[list[int]] = [[0]]
    for column in range(1, len(widths)):
        if len(parts[-1]) > 1 and sum(widths[at] for at in (*parts[-1], column)) > PAGE_INCHES:
            parts.append([0])
        parts[-1].append(column)
    return [_block(part, widths, headings, len(table.rows)) for part in parts]


def _block(columns: list[int], widths: list[float], headings: list[str], rows: int) -> ColumnBlock:
    block = ColumnBlock(columns, [widths[at] for at in columns], [headings[at] for at in columns], 0.0)
    return block._replace(height=block.heading_inches + ROW_INCHES * (rows + 0.35))


def _narrow(heading: str) -> str:
    """Return a heading with long lines broken at spaces and after hyphens and underscores."""
    return "\n".join(line for part in heading.split("\n") for line in _packed(PIECES.findall(part)))


def _packed(pieces: Sequence[str]) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(f"{lines[-1]}{piece.rstrip()}") > HEADING_CHARACTERS:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _width(texts: Sequence[str]) -> float:
    longest = max(len(line) for text in texts for line in text.split("\n"))
    return 0.25 + CHARACTER_INCHES * longest


def table_size(table: TextTable) -> tuple[float, float]:
    """Return the width and height in inches of a figure with the table, its title and its caption."""
    parts = blocks(table)
    return (max(*(sum(part.widths) + 0.3 for part in parts), 5.0), _height(parts) + 1.2)


def _height(parts: Sequence[ColumnBlock]) -> float:
    return sum(part.height + GAP_INCHES for part in parts) - GAP_INCHES


def draw_table(table: TextTable, ax: Axes) -> None:
    """Draw the blocks of the table, the first column left-aligned, the others right-aligned."""
    parts = blocks(table)
    ax.set_axis_off()
    ax.set_xlim(0, max(*(sum(part.widths) for part in parts), 4.7))
    ax.set_ylim(_height(parts), 0)
    top = 0.0
    for part in parts:
        _draw_block(table, part, top, ax)
        top += part.height + GAP_INCHES


def _draw_block(table: TextTable, block: ColumnBlock, top: float, ax: Axes) -> None:
    below_headings = top + block.heading_inches
    for place, heading in enumerate(block.headings):
        _write(ax, block, place, below_headings - 0.12, heading, color=GREY, va="bottom")
    for level in (top + 0.02, below_headings, top + block.height - 0.05):
        ax.plot([0, sum(block.widths)], [level, level], color="black", linewidth=0.8)
    for down, row in enumerate(table.rows):
        level = below_headings + ROW_INCHES * (down + 0.65)
        for place, column in enumerate(block.columns):
            weight = "bold" if (down, column) in table.bold else "normal"
            _write(ax, block, place, level, row[column], fontweight=weight, va="center")


def _write(ax: Axes, block: ColumnBlock, place: int, level: float, text: str, **style: str) -> None:
    left = sum(block.widths[:place])
    if place == 0:
        ax.text(left + 0.05, level, text, ha="left", **style)  # type: ignore[arg-type]
    else:
        ax.text(left + block.widths[place] - 0.08, level, text, ha="right", **style)  # type: ignore[arg-type]
