"""Untrusted text on a terminal: control characters are escaped, so that none takes effect or hides text."""

import sys
from collections.abc import Iterable
from io import TextIOWrapper

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from trainer.errors import printable

KEPT = "\n\t"


class PrintableConsole(Console):
    """A console that emits only its own control codes."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield segments with control characters in their text escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, KEPT))


def one_line(text: str) -> str:
    """Return text as one line of printable characters."""
    return printable(" ".join(text.splitlines()))


def take_any_text() -> None:
    """Make standard output and error print `?` for characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")
