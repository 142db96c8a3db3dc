"""A self-contained HTML page, made by the templates beside this file: all text is escaped, nothing is loaded."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

import jinja2

from analysis.figures.provenance import code_version
from trainer.errors import printable

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("analysis.report"),
    autoescape=True,
    finalize=lambda value: printable(value, "\n\t") if type(value) is str else value,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Table(NamedTuple):
    """`rows` of text under `headings`; the columns named in `words` are text, all others numbers at the right."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[str] = ()

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Return each heading with the CSS class of its column."""
        return [(name, "text" if name in self.words else "number") for name in self.headings]


class Subsection(NamedTuple):
    """A heading with a table, lines that lead to it, and notes below."""

    heading: str
    table: Table | None
    notes: Sequence[str] = ()
    lead: Sequence[str] = ()


class FigureEntry(NamedTuple):
    """A figure: its `png`, its plotted `numbers` as CSV, and the `exceptions` that a reader must know of."""

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
    """What the page says of one sweep; `verdicts` counts its claims by verdict."""

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
