"""The figures that were drawn, with what they came from; verified on request against the files of the trials.

What draws figures is imported when a figure is asked for: it takes a second, and the first page needs none of it.
"""

import os
from pathlib import Path

from pydantic import BaseModel, RootModel

from analysis.dashboard.live_store import LiveStore
from analysis.errors import ResultStoreError
from analysis.figures.provenance import SUFFIX, Provenance, code_version, read_provenance
from analysis.tables.plan_file import NO_SWEEP
from trainer.files import matching

KINDS = ("png", "pdf", "csv")


class FigureCard(BaseModel):
    """A figure and its provenance. `exceptions`: what is missing or incomplete in it, by kind."""

    sweep: str
    figure: str
    title: str
    provenance: str
    metric: str
    aggregation: str
    code: str
    same_code: bool
    trials: list[str]
    exceptions: dict[str, list[str]]
    kinds: list[str]


class FigureCards(RootModel[list[FigureCard]]):
    """All figures of a store."""


class FigureVerdict(BaseModel):
    """A figure compared with its runs: it agrees where there are no `differences`."""

    figure: str
    differences: list[str]
    notes: list[str]


class FigureVerdicts(RootModel[list[FigureVerdict]]):
    """All figures of a sweep, each compared with its runs."""


def figure_cards(live: LiveStore) -> list[FigureCard]:
    """Return all figures of the store; `figures_left_out` has those whose provenance cannot be read."""
    return live.once(("figures",), lambda: _cards(live))


def _cards(live: LiveStore) -> list[FigureCard]:
    sweeps = live.store.drawn_sweeps()
    return [_card(live, sweep, origin) for sweep in sweeps for origin in read_provenance(live.store.figures(sweep))]


def figures_left_out(live: LiveStore) -> list[str]:
    """Return a line for each figure of the store whose provenance is missing or cannot be read."""
    return live.once(("figures left out",), lambda: _left_out(live))


def _left_out(live: LiveStore) -> list[str]:
    return [line for sweep in live.store.drawn_sweeps() for line in _left_out_of(live.store.figures(sweep), sweep)]


def _left_out_of(folder: Path, sweep: str) -> list[str]:
    """Return a line for each figure of a sweep without provenance; one line for all if none has any."""
    from analysis.figures.verify import without_provenance

    lost, redraw = without_provenance(folder), _redraw(sweep)
    if lost and not matching(folder, f"*{SUFFIX}"):
        return [f"{sweep}: every provenance file is missing ({', '.join(sorted(lost))}); draw them again: {redraw}"]
    return [f"{sweep}: {why}: {redraw}" for _, why in sorted(lost.items())]


def _redraw(sweep: str) -> str:
    return f"adasweep figures draw {sweep}" if sweep != NO_SWEEP else "adasweep figures draw"


def _card(live: LiveStore, sweep: str, origin: Provenance) -> FigureCard:
    from analysis.figures.catalog import FIGURES, WITHOUT_RUNS

    known = (FIGURES | WITHOUT_RUNS).get(origin.figure)
    folder = live.store.figures(sweep)
    return FigureCard(
        sweep=sweep,
        figure=origin.figure,
        title=(known.title if known else origin.figure).replace("$", ""),
        provenance=origin.id,
        metric=origin.metric,
        aggregation=origin.aggregation,
        code=origin.code,
        same_code=origin.code == code_version(),
        trials=origin.trials(),
        exceptions={kind: names for kind, names in origin.exceptions().items() if names},
        kinds=[kind for kind in KINDS if os.path.isfile(folder / f"{origin.figure}.{kind}")],
    )


def verified(live: LiveStore, sweep: str) -> list[FigureVerdict]:
    """Return how the figures of a sweep compare with the files of its runs. Slow: every file is read anew.

    Raises ResultStoreError for a name that is not that of a sweep with figures: no path is built from it.
    """
    from analysis.figures.verify import verify

    if sweep not in live.store.drawn_sweeps():
        raise ResultStoreError("no figures of such a sweep in this store")
    return [
        FigureVerdict(figure=found.figure, differences=found.differences, notes=found.notes)
        for found in verify(live.store, sweep)
    ]
