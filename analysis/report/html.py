"""A self-contained HTML page, rendered from `templates`: all text is escaped, nothing is loaded."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

from analysis.figures.provenance import code_version
from analysis.html_templates import html_templates

TEMPLATES = html_templates("analysis.report")


class Table(NamedTuple):
    """`rows` under `headings`; columns in `text_columns` are left-aligned text, all others right-aligned numbers."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: Sequence[str] = ()

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Return each heading with the CSS class of its column."""
        return [(name, "text" if name in self.text_columns else "number") for name in self.headings]


class Subsection(NamedTuple):
    """A heading with a table, introductory lines above it, and notes below."""

    heading: str
    table: Table | None
    notes: Sequence[str] = ()
    introduction: Sequence[str] = ()


class FigureEntry(NamedTuple):
    """A figure: its `png`, its plotted `numbers` as CSV, and `exceptions` such as missing or diverged runs."""

    name: str
    title: str
    caption: str
    png: bytes
    numbers: str
    exceptions: Sequence[str]

    @property
    def base64(self) -> str:
        return base64.b64encode(self.png).decode()


class Section(NamedTuple):
    """The section on one sweep; `verdicts` counts its claims by verdict."""

    sweep: str
    title: str
    question: str
    overview: str
    verdicts: dict[str, int]
    cells: Subsection
    pictures: Sequence[FigureEntry]
    blocks: Sequence[Subsection]
    runs_csv: str


def page(title: str, sections: Sequence[Section]) -> str:
    """Return the whole document."""
    template = TEMPLATES.get_template("page.html")
    return template.render(title=title, code=code_version(), sections=sections).lstrip()
