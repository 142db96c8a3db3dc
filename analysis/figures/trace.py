"""Trace the file of a figure back to its runs, even a copy outside the store."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from analysis.errors import FigureError
from analysis.figures.provenance import Provenance, read_provenance
from analysis.tables.store import ResultStore


def embedded(path: Path) -> dict[str, Any] | None:
    """Return the provenance embedded in a PDF or PNG (id, sweep, figure, trials); None if there is none."""
    text = _keywords_of_png(path) if path.suffix == ".png" else _keywords_of_pdf(path)
    return json.loads(text.removeprefix("adasweep ")) if text.startswith("adasweep {") else None


def _keywords_of_png(path: Path) -> str:
    try:
        with Image.open(path) as image:
            return str(image.info.get("Keywords", ""))
    except UnidentifiedImageError:
        return ""


def _keywords_of_pdf(path: Path) -> str:
    """Return the unescaped Keywords string of the document's information dictionary."""
    found = re.search(rb"/Keywords \((.*?[^\\])\)", path.read_bytes(), re.DOTALL)
    return re.sub(r"\\(.)", r"\1", found[1].decode("latin-1")) if found else ""


def provenance_behind(path: Path, store: ResultStore) -> Provenance:
    """Return the provenance of a figure's file (PDF, PNG or CSV), even of a copy.

    Raises FigureError if the file carries no provenance, or if the figure has been redrawn since.
    """
    if not path.is_file():
        raise FigureError(f"{path}: no such file")
    recorded = [entry for sweep in store.drawn_sweeps() for entry in read_provenance(store.figures(sweep))]
    if path.suffix == ".csv":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        matches = [entry for entry in recorded if entry.numbers_sha256 == digest]
        if not matches:
            raise FigureError(
                f"{path}: no figure in {store.path} has these numbers; the file was edited, or redrawn since"
            )
        return min(matches, key=lambda entry: entry.figure != path.stem)
    about = embedded(path)
    if about is None:
        raise FigureError(f"{path}: carries no provenance; it was not drawn by adasweep")
    for entry in recorded:
        if entry.id == about["id"]:
            return entry
    raise FigureError(
        f"{path}: figure {about['figure']} of sweep {about['sweep']}, provenance {about['id']}, from trials "
        f"{', '.join(about['trials'])}; {store.path} has redrawn it since"
    )
