"""Provenance of figures: the origin of a figure, recorded when it is drawn."""

import hashlib
import importlib.metadata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter

from analysis.results.load import Curves, Runs
from trainer.config.stored import Malformed, read_document
from trainer.files import matching, replace_file

SUFFIX = ".provenance.json"
RUN_COLUMNS = ("trial", "cell", "seed", "state", "kimg", "horizon_kimg")


class RunOrigin(BaseModel):
    """One run behind a figure: its progress, and the snapshot with its best score."""

    model_config = ConfigDict(frozen=True)

    trial: str
    cell: str
    seed: int
    state: str
    kimg: float
    horizon_kimg: float
    best_snapshot_kimg: float | None
    codes: list[str]


ORIGINS = TypeAdapter(list[RunOrigin])


class Provenance(BaseModel):
    """The origin of a figure. `id` is a hash of all other fields."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    id: str = ""
    figure: str
    sweep: str
    tier: str | None
    metric: str
    metric_name: str
    metric_identity: str
    aggregation: str
    code: str
    numbers_sha256: str
    runs: list[RunOrigin]
    missing: list[str]
    diverged: list[str]
    unfinished: list[str]
    not_shown: list[str] = []

    def trials(self) -> list[str]:
        return sorted({run.trial for run in self.runs})

    def content_id(self) -> str:
        """Return 16 hexadecimal digits of the SHA-256 of all fields except `id`."""
        return hashlib.sha256(self.model_dump_json(exclude={"id"}).encode()).hexdigest()[:16]

    def exceptions(self) -> dict[str, list[str]]:
        """Return the missing and incomplete runs of the figure, by kind."""
        known = {"Missing": self.missing, "Diverged": self.diverged, "Not finished": self.unfinished}
        return known | {"Not shown, to keep the figure readable": self.not_shown}


def provenance_of(
    figure: str, aggregation: str, csv: str, runs: Runs, curves: Curves, not_shown: Sequence[str] = ()
) -> Provenance:
    """Return the provenance of a figure whose plotted numbers are `csv`; `not_shown`: cells that did not fit."""
    frame = runs.frame
    missing, diverged = frame["attempts"].fillna(0) == 0, frame["diverged"]
    unfinished = frame[~missing & ~diverged & (frame["state"] != "done")]
    bare = Provenance(
        figure=figure,
        sweep=runs.plan.sweep,
        tier=runs.plan.tier,
        metric=curves.score.description,
        metric_name=curves.score.metric,
        metric_identity=curves.score.identity,
        aggregation=aggregation,
        code=code_version(),
        numbers_sha256=hashlib.sha256(csv.encode()).hexdigest(),
        runs=_origins(frame[~missing]),
        missing=_by_cell(frame[missing]),
        diverged=[f"{row.cell} seed {row.seed} at {row.diverged_kimg:g} kimg" for row in frame[diverged].itertuples()],
        unfinished=[
            f"{row.cell} seed {row.seed} {row.state} at {row.kimg:g} of {row.horizon_kimg:g} kimg"
            for row in unfinished.itertuples()
        ],
        not_shown=list(not_shown),
    )
    return bare.model_copy(update={"id": bare.content_id()})


def _by_cell(runs: pd.DataFrame) -> list[str]:
    groups = runs.groupby("cell", sort=False)["seed"]
    return [f"{cell} seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}" for cell, seeds in groups]


def _origins(frame: pd.DataFrame) -> list[RunOrigin]:
    """Return the origin of every run, validated in one call, which is ten times as fast as one by one."""
    best = frame["best_kimg"].astype(object).where(frame["best_kimg"].notna(), None)
    rows = frame[list(RUN_COLUMNS)].assign(best_snapshot_kimg=best, codes=frame["codes"].map(list))
    return ORIGINS.validate_python(rows.to_dict("records"))


@cache
def code_version() -> str:
    """Return the version of adasweep with a hash of the sources of this package, which computes the numbers."""
    seen = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        seen.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    try:
        version = importlib.metadata.version("adasweep")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    return f"adasweep {version}, analysis {seen.hexdigest()[:12]}"


def numbers_csv(table: pd.DataFrame) -> str:
    """Return plotted numbers as CSV text, every float in its shortest exact form."""
    return table.to_csv(index=False, lineterminator="\n")


def record_provenance(directory: Path, provenance: Provenance) -> None:
    """Write the provenance of one figure beside it."""
    replace_file(directory / f"{provenance.figure}{SUFFIX}", f"{provenance.model_dump_json()}\n")


def figure_of(path: Path) -> str:
    """Return the name of the figure that a file is of: a picture, its numbers or its provenance."""
    return path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem


def read_provenance(directory: Path, malformed: list[Malformed] | None = None) -> list[Provenance]:
    """Return the provenance of all figures in `directory`; files that are invalid are reported in `malformed`."""
    found = (read_document(path, Provenance, malformed) for path in matching(directory, f"*{SUFFIX}"))
    return [origin for origin in found if origin]
