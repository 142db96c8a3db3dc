"""Verify figures: recompute their numbers from the files of the trials and compare."""

import csv
import hashlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from analysis.errors import AnalysisError
from analysis.figures.catalog import FIGURES, WITHOUT_RUNS, figure_named
from analysis.figures.provenance import SUFFIX, Provenance, code_version, figure_of, numbers_csv, read_provenance
from analysis.figures.trace import embedded, is_whole
from analysis.results.load import load
from analysis.tables.store import FIGURE_FILES, ResultStore
from trainer.config.stored import Malformed
from trainer.files import matching, read_regular

DIFFERENCES_SHOWN = 3


class Verified(NamedTuple):
    """The verification of one figure: no `differences` if everything agrees; `notes` are harmless."""

    sweep: str
    figure: str
    differences: list[str]
    notes: list[str]


def verify(store: ResultStore, sweep: str) -> list[Verified]:
    """Verify every figure of `sweep`: plotted numbers, CSV, and the provenance embedded in PDF and PNG."""
    directory = store.figures(sweep)
    found = [_verify(store, sweep, origin) for origin in read_provenance(directory)]
    found += [Verified(sweep, name, [why], []) for name, why in without_provenance(directory).items()]
    return sorted(found, key=lambda one: one.figure)


def without_provenance(directory: Path) -> dict[str, str]:
    """Return the figures in `directory` whose provenance is missing or invalid, and what to do about it."""
    malformed: list[Malformed] = []
    known = {origin.figure for origin in read_provenance(directory, malformed)}
    reasons = {figure_of(one.path): one.why for one in malformed}
    return {name: _lost(name, reasons.get(name, "missing")) for name in (_drawn(directory) | set(reasons)) - known}


def _drawn(directory: Path) -> set[str]:
    """Return the figures of which there is a file, whatever it is."""
    found = {figure_of(path) for path in matching(directory, "*.*") if path.name.endswith(FIGURE_FILES)}
    return found & set(FIGURES | WITHOUT_RUNS)


def _lost(figure: str, reason: str) -> str:
    return f"{figure}{SUFFIX}: {reason}; draw the figure again"


def _verify(store: ResultStore, sweep: str, origin: Provenance) -> Verified:
    differences = [*_tampered(store.figures(sweep), origin), *_changed_numbers(store, sweep, origin)]
    same_code = origin.code == code_version()
    return Verified(sweep, origin.figure, differences, [] if same_code else [f"drawn by {origin.code}"])


def _tampered(directory: Path, origin: Provenance) -> Iterator[str]:
    """Yield which files of the figure do not match its provenance file."""
    if origin.content_id() != origin.id:
        yield "the provenance file was edited"
    if _as_drawn(directory, origin) is None:
        yield f"{origin.figure}.csv is missing or was edited"
    for kind in ("pdf", "png"):
        picture = directory / f"{origin.figure}.{kind}"
        if (embedded(picture) or {}).get("id") != origin.id:
            yield f"{picture.name} is missing or belongs to another version of the figure"
        elif not is_whole(picture):
            yield f"{picture.name} is damaged"


def _as_drawn(directory: Path, origin: Provenance) -> str | None:
    """Return the CSV of a figure; None if it is not as it was when the figure was drawn."""
    try:
        content = read_regular(directory / f"{origin.figure}.csv")
    except OSError:
        return None
    return content.decode(errors="replace") if hashlib.sha256(content).hexdigest() == origin.numbers_sha256 else None


def _changed_numbers(store: ResultStore, sweep: str, origin: Provenance) -> Iterator[str]:
    """Yield where the numbers recomputed from the trials differ from those that were plotted."""
    try:
        score, identity = origin.metric_name, origin.metric_identity or None
        runs, curves = load(store, sweep, fresh=True, score=score, identity=identity)
        rebuilt = numbers_csv(figure_named(origin.figure).data(runs, curves).table)
    except AnalysisError as error:
        yield str(error)
        return
    if hashlib.sha256(rebuilt.encode()).hexdigest() == origin.numbers_sha256:
        return
    as_drawn = _as_drawn(store.figures(sweep), origin)
    yield from ["the numbers of its runs are others now"] if as_drawn is None else _compared(as_drawn, rebuilt)


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
