"""A table that fits the width of the terminal; in a pipe it is as wide as needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from trainer.command_line.fitting import Column, fitted
from trainer.errors import printable


@dataclass(frozen=True)
class FittedTable:
    """A table with a style for each row.

    At most `most` rows are shown, in at most `height` lines; `complete` names what shows all of them.
    `instead` has lines to print if a column is dropped, by its heading.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    title: str = ""
    styles: Sequence[str] = ()
    most: int | None = None
    height: int | None = None
    complete: str = "--json"
    instead: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = options.max_width if console.is_terminal else None
        ellipsis = ellipsis_of(console)
        table = fitted(self.columns, self.rows[: self.most], width, ellipsis)
        notes = [*table.legend, *([f"too narrow for: {', '.join(table.dropped)}"] if table.dropped else [])]
        notes += [printable(line) for heading in table.dropped for line in self.instead.get(heading, ())]
        rows, notes = self._in_height(table.rows, notes)
        if self.title:
            yield _line(self.title, "italic")
        if any(column.heading for column in self.columns):
            yield _line(table.heading, "bold")
        yield from (_line(row, style) for row, style in zip(rows, [*self.styles, *[""] * len(rows)], strict=False))
        if len(rows) < len(self.rows):
            yield _line(f"{ellipsis} and {len(self.rows) - len(rows):,} more (all of them: {self.complete})", "")
        yield from (_line(note, "dim") for note in notes)

    def _in_height(self, rows: Sequence[str], notes: list[str]) -> tuple[Sequence[str], list[str]]:
        """Return the rows and notes that fit below the headings; rows take precedence over notes."""
        if self.height is None or len(rows) + len(notes) < self.height:
            return rows, notes
        return rows[: self.height - 2] if len(rows) >= self.height else rows, []


def show(console: Console, *renderables: RenderableType) -> None:
    """Print tables and texts without cropping, and in a pipe without wrapping."""
    for one in renderables:
        console.print(one, soft_wrap=not console.is_terminal, crop=False)


def ellipsis_of(console: Console) -> str:
    """Return the ellipsis that the output's encoding can show."""
    return "…" if console.encoding.startswith("utf") else "..."


def _line(text: str, style: str) -> Text:
    return Text(text, style, no_wrap=True, overflow="ignore")
