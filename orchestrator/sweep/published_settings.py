"""The settings that a paper states of its runs, as tables: sweeps/published/PAPER.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from orchestrator.errors import SweepError
from orchestrator.sweep.bundled import PUBLISHED
from orchestrator.sweep.validation_messages import error_text
from orchestrator.sweep.yaml_source import YamlSource, load
from trainer.config.spec import Settings

Evidence = Literal["S", "C", "P", "M"]
"""Where a setting is known from: the paper's text (S), the authors' published settings (C), a translation of the
paper's text (P), memory (M). What is known from memory alone is a lead and proves nothing."""

PROOF = frozenset({"S", "C", "P"})


class PublishedEntry(Settings):
    """What a paper states of some of the runs of one sweep.

    `sweep` is the sweep's name. `cells` (names) and `where` (settings, a list means any of them) choose the runs, all
    of them by default. `says` are settings that each of these runs has, `values` the values that they have together.
    """

    sweep: str
    cells: list[str] = []
    where: dict[str, JsonValue] = {}
    says: dict[str, JsonValue] = {}
    values: dict[str, Annotated[list[JsonValue], Field(min_length=1)]] = {}
    evidence: Evidence
    source: Annotated[str, Field(min_length=1)]


class PublishedTable(Settings):
    """The entries of one paper."""

    paper: str
    entries: Annotated[list[PublishedEntry], Field(min_length=1)]


@dataclass(frozen=True)
class PublishedFile:
    """A table, and where everything in it stands."""

    source: YamlSource
    table: PublishedTable

    def of(self, sweep: str) -> Iterator[tuple[int, PublishedEntry]]:
        """Yield the entries about a sweep, each with its place in the list."""
        yield from ((place, entry) for place, entry in enumerate(self.table.entries) if entry.sweep == sweep)


def read_published(file: Path) -> PublishedFile:
    """Return the table of `file`. Raises SweepError with every value that does not fit, at its line."""
    source = load(file)
    try:
        return PublishedFile(source, PublishedTable.model_validate(source.values))
    except ValidationError as error:
        problems = [source.problem(detail["loc"], error_text(detail)) for detail in error.errors()]
        raise SweepError(problems) from None


def published_files(folder: Path = PUBLISHED) -> list[PublishedFile]:
    """Return the tables of all papers."""
    return [read_published(file) for file in sorted(folder.glob("*.yaml"))]
