"""A table of text on paper: headings, rules as in print, the best entry of a column in bold."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from analysis.style import GREY

ROW_INCHES = 0.26
CHARACTER_INCHES = 0.085


class TextTable(NamedTuple):
    """Headings over rows of text; `bold` has the places (row, column) to be set in bold."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[tuple[int, int]] = frozenset()

    @property
    def widths(self) -> list[float]:
        """Return the width of every column in inches."""
        columns = list(zip(self.headings, *self.rows, strict=True))
        longest = [max(len(line) for text in column for line in text.split("\n")) for column in columns]
        return [0.25 + CHARACTER_INCHES * length for length in longest]

    @property
    def heading_lines(self) -> int:
        return max(heading.count("\n") for heading in self.headings) + 1

    @property
    def height(self) -> float:
        """Return the height in inches."""
        return ROW_INCHES * (len(self.rows) + self.heading_lines + 0.6)


def table_size(table: TextTable) -> tuple[float, float]:
    """Return width and height of a figure that holds the table, its title and its caption."""
    return (max(sum(table.widths) + 0.3, 5.0), table.height + 1.2)


def draw_table(table: TextTable, ax: Axes) -> None:
    """Draw the table, the first column to the left, others to the right."""
    ax.set_axis_off()
    ax.set_xlim(0, max(sum(table.widths), 4.7))
    ax.set_ylim(table.height, 0)
    below_headings = ROW_INCHES * (table.heading_lines + 0.25)
    for place, heading in enumerate(table.headings):
        _write(ax, table, place, below_headings - 0.12, heading, color=GREY, va="bottom")
    for level in (0.02, below_headings, table.height - 0.05):
        ax.plot([0, sum(table.widths)], [level, level], color="black", linewidth=0.8)
    for down, row in enumerate(table.rows):
        for across, text in enumerate(row):
            weight = "bold" if (down, across) in table.bold else "normal"
            level = below_headings + ROW_INCHES * (down + 0.65)
            _write(ax, table, across, level, text, fontweight=weight, va="center")


def _write(ax: Axes, table: TextTable, column: int, level: float, text: str, **style: str) -> None:
    left = sum(table.widths[:column])
    if column == 0:
        ax.text(left + 0.05, level, text, ha="left", **style)  # type: ignore[arg-type]
    else:
        ax.text(left + table.widths[column] - 0.08, level, text, ha="right", **style)  # type: ignore[arg-type]
