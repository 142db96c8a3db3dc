"""From a figure back to its runs: what is recorded when it is drawn, and how to find it again from the file alone."""

import hashlib
import importlib.metadata
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import FigureError
from analysis.results import Curves, Runs
from analysis.store import Store
from trainer.record import replace_file

FILE = "provenance.json"


class RunOrigin(BaseModel):
    """One run behind a figure: how far it was, and the snapshot whose score is its best."""

    model_config = ConfigDict(frozen=True)

    trial: str
    cell: str
    seed: int
    state: str
    kimg: float
    horizon_kimg: float
    best_snapshot_kimg: float | None
    codes: list[str]


class Provenance(BaseModel):
    """All that a figure came from. `id` names the content of everything else here."""

    model_config = ConfigDict(frozen=True)

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

    def trials(self) -> list[str]:
        return sorted({run.trial for run in self.runs})

    def exceptions(self) -> dict[str, list[str]]:
        """Return what a reader of the figure must know, by kind."""
        return {"Missing": self.missing, "Diverged": self.diverged, "Not finished": self.unfinished}


def provenance_of(figure: str, aggregation: str, csv: str, runs: Runs, curves: Curves) -> Provenance:
    """Return the provenance of a figure whose plotted numbers are `csv`."""
    frame = runs.frame
    missing, diverged = frame["attempts"].fillna(0) == 0, frame["diverged"]
    unfinished = frame[~missing & ~diverged & (frame["state"] != "done")]
    bare = Provenance(
        figure=figure,
        sweep=runs.plan.sweep,
        tier=runs.plan.tier,
        metric=curves.score.described,
        metric_name=curves.score.metric,
        metric_identity=curves.score.identity,
        aggregation=aggregation,
        code=code_version(),
        numbers_sha256=hashlib.sha256(csv.encode()).hexdigest(),
        runs=[_origin(row) for row in frame[~missing].to_dict("records")],
        missing=_by_cell(frame[missing]),
        diverged=[f"{row.cell} seed {row.seed} at {row.diverged_kimg:g} kimg" for row in frame[diverged].itertuples()],
        unfinished=[
            f"{row.cell} seed {row.seed} {row.state} at {row.kimg:g} of {row.horizon_kimg:g} kimg"
            for row in unfinished.itertuples()
        ],
    )
    content = json.dumps(bare.model_dump(mode="json"), sort_keys=True)
    return bare.model_copy(update={"id": hashlib.sha256(content.encode()).hexdigest()[:16]})


def _by_cell(runs: pd.DataFrame) -> list[str]:
    groups = runs.groupby("cell", sort=False)["seed"]
    return [f"{cell} seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}" for cell, seeds in groups]


def _origin(row: dict[Any, Any]) -> RunOrigin:
    best = row["best_kimg"]
    return RunOrigin(
        **{key: row[key] for key in ("trial", "cell", "seed", "state", "kimg", "horizon_kimg")},
        best_snapshot_kimg=None if pd.isna(best) else best,
        codes=list(row["codes"]),
    )


@cache
def code_version() -> str:
    """Return the version of adasweep with a hash of the sources of this package, which makes the numbers."""
    seen = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        seen.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    try:
        version = importlib.metadata.version("adasweep")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    return f"adasweep {version}, analysis {seen.hexdigest()[:12]}"


def numbers_csv(table: pd.DataFrame) -> str:
    """Return plotted numbers as CSV text: every float in its shortest exact form."""
    return table.to_csv(index=False, lineterminator="\n")


def record_provenance(directory: Path, provenance: Provenance) -> None:
    """Enter one figure into the provenance.json of its directory."""
    entries = {entry.figure: entry for entry in read_provenance(directory)} | {provenance.figure: provenance}
    content = {name: entries[name].model_dump(mode="json") for name in sorted(entries)}
    replace_file(directory / FILE, json.dumps({"schema_version": 1, "figures": content}, indent=1) + "\n")


def read_provenance(directory: Path) -> list[Provenance]:
    """Return what is recorded of the figures in `directory`; nothing where there are none."""
    try:
        content = json.loads((directory / FILE).read_text(encoding="utf-8"))
        return [Provenance.model_validate(entry) for entry in content["figures"].values()]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise FigureError(f"{directory / FILE}: not readable; remove it and draw the figures again") from error


def embedded(path: Path) -> dict[str, Any] | None:
    """Return what a PDF or PNG says of its own origin (id, sweep, figure, trials); None where it says nothing."""
    if path.suffix == ".png":
        with Image.open(path) as image:
            text = str(image.info.get("Keywords", ""))
    else:
        found = re.search(rb"/Keywords \((.*?[^\\])\)", path.read_bytes(), re.DOTALL)
        text = re.sub(r"\\(.)", r"\1", found[1].decode("latin-1")) if found else ""
    return json.loads(text.removeprefix("adasweep ")) if text.startswith("adasweep {") else None


def which(path: Path, store: Store) -> Provenance:
    """Return the provenance of a figure's file (PDF, PNG or CSV), wherever it was copied to.

    Raises FigureError where the file says nothing, or the store has drawn the figure anew since.
    """
    if not path.is_file():
        raise FigureError(f"{path}: no such file")
    recorded = [entry for sweep in store.drawn_sweeps() for entry in read_provenance(store.figures(sweep))]
    if path.suffix == ".csv":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        matches = [entry for entry in recorded if entry.numbers_sha256 == digest]
        if not matches:
            raise FigureError(f"{path}: not the numbers of any figure in {store.path}; edited, or drawn anew since")
        return min(matches, key=lambda entry: entry.figure != path.stem)
    about = embedded(path)
    if about is None:
        raise FigureError(f"{path}: carries no provenance; it was not drawn by adasweep")
    for entry in recorded:
        if entry.id == about["id"]:
            return entry
    raise FigureError(
        f"{path}: figure {about['figure']} of sweep {about['sweep']}, provenance {about['id']}, from trials "
        f"{', '.join(about['trials'])}; {store.path} has drawn it anew since"
    )
