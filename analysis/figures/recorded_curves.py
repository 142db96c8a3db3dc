"""Curves of runs recorded elsewhere, drawn pale behind those of a sweep: the CSV of a figure with its provenance."""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import ValidationError

from analysis.errors import FigureError
from analysis.figures.provenance import SUFFIX, Provenance
from analysis.results.score import Score
from trainer.files import read_regular

COLUMNS = ("cell", "kimg", "median", "min", "max", "planned_runs")


class RecordedCurves(NamedTuple):
    """Bands by cell and kimg, columns as in analysis.results.bands, and where they come from, for the caption."""

    table: pd.DataFrame
    origin: str


def read_recorded(path: Path, score: Score) -> RecordedCurves:
    """Return the curves in the CSV of a figure. Raises FigureError if they are damaged or of another score."""
    try:
        content = read_regular(path)
        origin = Provenance.model_validate_json(read_regular(path.with_name(f"{path.stem}{SUFFIX}")))
    except OSError as error:
        raise FigureError(f"{error.filename}: cannot be read ({error.strerror}); give the CSV of a figure") from None
    except ValidationError:
        raise FigureError(f"{path.stem}{SUFFIX}: is not the provenance of a figure; draw that figure again") from None
    if hashlib.sha256(content).hexdigest() != origin.numbers_sha256:
        raise FigureError(f"{path}: was changed after its figure was drawn; draw that figure again")
    if origin.metric_identity != score.identity:
        raise FigureError(f"{path}: has {origin.metric}, but the sweep has {score.description}: not comparable")
    table = pd.read_csv(io.BytesIO(content))
    if missing := [column for column in COLUMNS if column not in table]:
        raise FigureError(f"{path}: has no column {missing[0]}; give the CSV of a figure of curves, such as fid_curves")
    return RecordedCurves(
        table, f"{table['planned_runs'].max():g} recorded runs of each cell of {origin.sweep} ({origin.id})"
    )
