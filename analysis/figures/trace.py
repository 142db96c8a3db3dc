"""Trace the file of a figure back to its runs, even a copy outside the store."""

import hashlib
import io
import os
import re
from pathlib import Path
from typing import Any

from PIL import Image

from analysis.errors import FigureError
from analysis.figures.provenance import Provenance, read_provenance
from analysis.results.sample_sheets import DAMAGED
from analysis.tables.store import ResultStore
from trainer.config.stored import Malformed
from trainer.files import parsed_json, read_regular

EMBEDDED = {"id", "sweep", "figure", "trials"}


def embedded(path: Path) -> dict[str, Any] | None:
    """Return the provenance embedded in a PDF or PNG (id, sweep, figure, trials); None if it has none to be read."""
    try:
        content = read_regular(path)
        text = _keywords_of_png(content) if path.suffix.lower() == ".png" else _keywords_of_pdf(content)
        about = parsed_json(text.removeprefix("adasweep ").encode()) if text.startswith("adasweep {") else {}
    except DAMAGED:
        return None
    return about if set(about) >= EMBEDDED else None


def is_whole(picture: Path) -> bool:
    """Return whether a PNG has all its chunks, as their checksums say; of a PDF, whether it has its end."""
    content = read_regular(picture)
    if picture.suffix.lower() == ".pdf":
        return content.rstrip().endswith(b"%%EOF")
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.verify()
    except DAMAGED:
        return False
    return True


def _keywords_of_png(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        return str(image.info.get("Keywords", ""))


def _keywords_of_pdf(content: bytes) -> str:
    """Return the unescaped Keywords string of the document's information dictionary."""
    found = re.search(rb"/Keywords \((.*?[^\\])\)", content, re.DOTALL)
    return re.sub(r"\\(.)", r"\1", found[1].decode("latin-1")) if found else ""


def provenance_behind(path: Path, store: ResultStore) -> Provenance:
    """Return the provenance of a figure's file (PDF, PNG or CSV), even of a copy.

    Raises FigureError if the file carries no provenance, or if the figure has been redrawn since.
    """
    if not os.path.isfile(path):
        raise FigureError(f"{path}: no such file")
    malformed: list[Malformed] = []
    recorded = [entry for sweep in store.drawn_sweeps() for entry in read_provenance(store.figures(sweep), malformed)]
    unless = f", unless it is one that cannot be read: {'; '.join(map(str, malformed))}" if malformed else ""
    if path.suffix.lower() == ".csv":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        matches = [entry for entry in recorded if entry.numbers_sha256 == digest]
        if not matches:
            reason = "has these numbers; the file was edited, or redrawn since"
            raise FigureError(f"{path}: no figure in {store.path} {reason}{unless}")
        return min(matches, key=lambda entry: entry.figure != path.stem)
    about = embedded(path)
    if about is None:
        raise FigureError(f"{path}: carries no provenance; it was not drawn by adasweep, or is damaged")
    for entry in recorded:
        if entry.id == about["id"]:
            return entry
    raise FigureError(
        f"{path}: figure {about['figure']} of sweep {about['sweep']}, provenance {about['id']}, from trials "
        f"{', '.join(about['trials'])}; {store.path} has redrawn it since{unless}"
    )
