"""Histograms of the discriminator's logits of one run, at a few lengths of training."""

from pydantic import BaseModel

from analysis.dashboard.columns import Numbers, numbers
from analysis.dashboard.live_store import LiveStore
from analysis.errors import ResultStoreError
from analysis.results.logit_histograms import slices
from trainer.record import RunDir

SLICES = 8


class LogitHistogram(BaseModel):
    """The density of the logits of one kind of images (per unit of logit) at one length of training."""

    kimg: float
    kind: str
    logit: Numbers
    density: Numbers


class LogitView(BaseModel):
    """The histograms of one trial, in the order of training; none where none were written."""

    trial: str
    histograms: list[LogitHistogram]


def logit_view(live: LiveStore, sweep: str, trial: str) -> LogitView:
    """Return the histograms of a trial of a sweep, up to its horizon there. Raises ResultStoreError for another."""
    frame = live.sweep(sweep)[0].frame
    found = frame[frame["trial"] == trial]
    if found.empty:
        raise ResultStoreError("no such trial in this sweep")
    horizon = float(found["horizon_kimg"].iloc[0])
    return live.once(("logits", sweep, trial), lambda: _view(live.store.run(trial), trial, horizon))


def _view(run: RunDir, trial: str, horizon_kimg: float) -> LogitView:
    table = slices(run.path / "logits.jsonl", horizon_kimg, SLICES)
    return LogitView(
        trial=trial,
        histograms=[
            LogitHistogram(
                kimg=float(str(kimg)), kind=str(kind), logit=numbers(part["logit"]), density=numbers(part["density"], 4)
            )
            for (kimg, kind), part in table.groupby(["kimg", "kind"], sort=False)
        ],
    )


def logits_of_cells(live: LiveStore, sweep: str) -> dict[str, LogitView]:
    """Return the histograms of the first run of each cell that has any, by trial."""
    found: dict[str, LogitView] = {}
    for _, runs in live.sweep(sweep)[0].frame.groupby("cell", sort=False):
        views = (logit_view(live, sweep, str(trial)) for trial in runs["trial"])
        first = next((view for view in views if view.histograms), None)
        if first:
            found[first.trial] = first
    return found
