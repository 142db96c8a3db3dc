"""Verify figures: recompute their numbers from the files of the trials and compare."""

import csv
import hashlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from analysis.errors import AnalysisError
from analysis.figures.catalog import figure_named
from analysis.figures.provenance import Provenance, code_version, numbers_csv, read_provenance
from analysis.figures.trace import embedded
from analysis.results.load import load
from analysis.tables.store import ResultStore

DIFFERENCES_SHOWN = 3


class Verified(NamedTuple):
    """The verification of one figure: no `differences` if everything agrees; `notes` are harmless."""

    sweep: str
    figure: str
    differences: list[str]
    notes: list[str]


def verify(store: ResultStore, sweep: str) -> list[Verified]:
    """Verify every figure of `sweep`: plotted numbers, CSV, and the provenance embedded in PDF and PNG."""
    return [_verify(store, sweep, origin) for origin in read_provenance(store.figures(sweep))]


def _verify(store: ResultStore, sweep: str, origin: Provenance) -> Verified:
    differences = [*_tampered(store.figures(sweep), origin), *_changed_numbers(store, sweep, origin)]
    same_code = origin.code == code_version()
    return Verified(sweep, origin.figure, differences, [] if same_code else [f"drawn by {origin.code}"])


def _tampered(directory: Path, origin: Provenance) -> Iterator[str]:
    """Yield which files of the figure do not match its provenance file."""
    if origin.content_id() != origin.id:
        yield "the provenance file was edited"
    numbers = directory / f"{origin.figure}.csv"
    if not numbers.exists() or hashlib.sha256(numbers.read_bytes()).hexdigest() != origin.numbers_sha256:
        yield f"{numbers.name} is missing or was edited"
    for kind in ("pdf", "png"):
        picture = directory / f"{origin.figure}.{kind}"
        if not picture.exists() or (embedded(picture) or {}).get("id") != origin.id:
            yield f"{picture.name} is missing or belongs to another version of the figure"


def _changed_numbers(store: ResultStore, sweep: str, origin: Provenance) -> Iterator[str]:
    """Yield where the numbers recomputed from the trials differ from the CSV."""
    try:
        score, identity = origin.metric_name, origin.metric_identity or None
        runs, curves = load(store, sweep, fresh=True, score=score, identity=identity)
        rebuilt = numbers_csv(figure_named(origin.figure).data(runs, curves).table)
    except AnalysisError as error:
        yield str(error)
        return
    if hashlib.sha256(rebuilt.encode()).hexdigest() == origin.numbers_sha256:
        return
    path = store.figures(sweep) / f"{origin.figure}.csv"
    as_drawn = path.read_text(encoding="utf-8") if path.exists() else ""
    yield from _compared(as_drawn, rebuilt)


def _compared(as_drawn: str, rebuilt: str) -> Iterator[str]:
    header, *old = list(csv.reader(as_drawn.splitlines())) or [[]]
    _, *new = csv.reader(rebuilt.splitlines())
    nothing: list[str] = []
    changed = [(a, b) for a, b in zip_longest(old, new, fillvalue=nothing) if a != b]
    for a, b in changed[:DIFFERENCES_SHOWN]:
        if a and b:
            parts = [f"{name} {x} is now {y}" for name, x, y in zip(header, a, b, strict=False) if x != y]
            yield f"{a[0]}: {', '.join(parts)}"
        else:
            yield f"{(a or b)[0]}: a row is {'gone' if a else 'new'}"
    if len(changed) > DIFFERENCES_SHOWN:
        yield f"and {len(changed) - DIFFERENCES_SHOWN} more of {max(len(old), len(new))} rows"
