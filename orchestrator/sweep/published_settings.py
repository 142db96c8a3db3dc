"""The published settings of papers: sweeps/published/PAPER.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, ValidationError

from orchestrator.errors import SweepError
from orchestrator.sweep.bundled import PUBLISHED
from orchestrator.sweep.validation_messages import error_text
from orchestrator.sweep.yaml_source import YamlSource, load
from trainer.config.spec import Settings

EvidenceKind = Literal["S", "C", "P", "M"]
"""The source of a setting: the paper's text (S), the authors' published settings (C), a translation of the paper's
text (P), memory (M). Memory alone proves nothing."""

PROOF = frozenset({"S", "C", "P"})


class PublishedEntry(Settings):
    """Published settings of some runs of one sweep, or of each of several.

    `sweep` is the sweep's name, or a list of names. `cells` (names) and `where` (settings; a list matches any) select
    the runs, by default all. `says` are settings of each selected run, `values` the values that all of them have
    together.
    """

    sweep: Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
    cells: list[str] = []
    where: dict[str, JsonValue] = {}
    says: dict[str, JsonValue] = {}
    values: dict[str, Annotated[list[JsonValue], Field(min_length=1)]] = {}
    evidence: EvidenceKind
    source: Annotated[str, Field(min_length=1)]


class PublishedTable(Settings):
    """The entries of one paper."""

    paper: str
    entries: Annotated[list[PublishedEntry], Field(min_length=1)]


@dataclass(frozen=True)
class PublishedFile:
    """A table and its source."""

    source: YamlSource
    table: PublishedTable

    def of(self, sweep: str) -> Iterator[tuple[int, PublishedEntry]]:
        """Yield the entries of a sweep with their indices."""
        yield from ((place, entry) for place, entry in enumerate(self.table.entries) if sweep in entry.sweep)


def read_published(file: Path) -> PublishedFile:
    """Return the table in `file`. Raises SweepError with the line of every invalid value."""
    source = load(file)
    try:
        return PublishedFile(source, PublishedTable.model_validate(source.values))
    except ValidationError as error:
        problems = [source.problem(detail["loc"], error_text(detail)) for detail in error.errors()]
        raise SweepError(problems) from None


def published_about(sweep: str, folder: Path = PUBLISHED) -> list[PublishedFile]:
    """Return the tables that name a sweep; the others are not parsed."""
    named = (file for file in sorted(folder.glob("*.yaml")) if sweep in file.read_text(encoding="utf-8"))
    return [read_published(file) for file in named]


def published_files(folder: Path = PUBLISHED) -> list[PublishedFile]:
    """Return the tables of all papers."""
    return [read_published(file) for file in sorted(folder.glob("*.yaml"))]
