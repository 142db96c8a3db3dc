"""Generates a page in memory: every file of its folder but the source, and its entry in the index."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from infra.results.evidence import PackedResults, read_packs
from infra.results.pictures import draw
from infra.results.source import NAME, PageSource, read_source
from infra.results.templates import render
from infra.results.vocabulary import vocabulary

PACKS = "packs"


class PageEntry(NamedTuple):
    """An entry of the index. `verdicts` counts the claims by verdict, `kwh` is the energy of all attempts."""

    name: str
    title: str
    question: str
    verdicts: dict[str, int]
    runs_done: int
    runs_planned: int
    kwh: float
    packs: tuple[str, ...]
    command: str


class MadePage(NamedTuple):
    """A page: its files by name, and its entry in the index."""

    source: PageSource
    files: dict[str, bytes]
    entry: PageEntry


def make_page(results: Path, name: str) -> MadePage:
    """Generate the page `name` of docs/results. Raises UserError or AnalysisError."""
    source = read_source(results / name)
    packs = [results / PACKS / pack for pack in source.header.packs]
    with TemporaryDirectory(prefix="adasweep-results-") as folder:
        found = read_packs(packs, source.header.sweep, Path(folder))
        figures = source.header.figures or found.runs.plan.figures
        files = draw(found, figures)
        words = vocabulary(found, source.header, figures)
        files["README.md"] = render(results, f"{name}/{NAME}", words).encode()
    return MadePage(source, files, _entry(name, source, found))


def _entry(name: str, source: PageSource, found: PackedResults) -> PageEntry:
    header = source.header
    verdicts = Counter(one.verdict.value for one in found.verdicts.judged)
    counts = len(found.done), len(found.runs.frame)
    question = found.runs.plan.question
    return PageEntry(
        name, header.title, question, dict(verdicts), *counts, found.energy.kwh, header.packs, header.command
    )
