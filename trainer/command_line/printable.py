"""Text of others on a terminal: control characters are written out, so that none is obeyed or hides another."""

import sys
import unicodedata
from collections.abc import Iterable
from io import TextIOWrapper

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

KEPT = frozenset("\n\t")
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control, format (direction of writing among them), half characters, separators of lines."""


class PrintableConsole(Console):
    """A console that obeys its own styles alone."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield segments with their text written out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def printable(text: str) -> str:
    r"""Return text with its control characters as Python writes them: `\x1b`, `\u202e`. Lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(_written_out(letter) for letter in text)


def one_line(text: str) -> str:
    """Return the same as one line."""
    return printable(" ".join(text.splitlines()))


def _written_out(letter: str) -> str:
    if letter in KEPT or unicodedata.category(letter) not in HIDDEN:
        return letter
    return letter.encode("unicode_escape").decode()


def take_any_text() -> None:
    """Let standard output and error show `?` for what their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")
