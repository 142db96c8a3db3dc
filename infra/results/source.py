"""The source of a page: a YAML header between lines of `---`, then a Jinja2 template of Markdown."""

import re
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infra.results.typed_numbers import typed_numbers
from trainer.config.spec import Settings
from trainer.errors import UserError

NAME = "page.md.j2"
HEADED = re.compile(r"---\n(?P<header>.*?\n)---\n(?P<body>.*)", re.DOTALL)


class PageHeader(Settings):
    """The header of a page.

    `packs` are files of docs/results/packs, merged in this order; `sweep` is the name of the sweep in their store, and
    `command` repeats it. `figures` are the figures shown (none: all of the sweep). `constants` are numbers chosen by
    the page itself, such as a threshold. `behind` is a bundled sweep whose curves are drawn over those of this page:
    the numbers of the figure fid_curves go to sweeps/NAME.csv as well.
    """

    title: str
    packs: Annotated[tuple[str, ...], Field(min_length=1)]
    sweep: str
    command: str
    figures: tuple[str, ...] = ()
    constants: dict[str, float] = {}
    behind: str = ""


class PageSource(NamedTuple):
    """A page: its folder and its header."""

    folder: Path
    header: PageHeader


def pages_in(results: Path) -> list[str]:
    """Return the names of all pages below docs/results."""
    return sorted(path.parent.name for path in results.glob(f"*/{NAME}"))


def read_source(folder: Path) -> PageSource:
    """Return the source of the page in `folder`. Raises UserError if it is missing or invalid."""
    path = folder / NAME
    header, _ = parts_of(path)
    try:
        checked = PageHeader.model_validate(YAML(typ="safe", pure=True).load(header))
    except (YAMLError, ValidationError) as error:
        raise UserError(path, f"invalid header ({_first(error)})", "see infra/results/source.py") from None
    return PageSource(folder, checked)


def parts_of(path: Path) -> tuple[str, str]:
    """Return the header of a template ("" if it has none) and its body, after as many empty lines.

    Raises UserError if the file cannot be read, and for typed numbers.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})") from None
    found = HEADED.fullmatch(text)
    header, body = (found["header"], found["body"]) if found else ("", text)
    body = "\n" * (text.count("\n") - body.count("\n")) + body
    for line, word in typed_numbers(body):
        way_out = "take it from the pack, with a function of infra/results/vocabulary.py"
        raise UserError(f"{path}:{line}", f"the number {word!r} is typed", way_out)
    return header, body


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
