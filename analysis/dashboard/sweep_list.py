"""The first page: every sweep of the store with its question, progress, cost so far, verdicts and failures."""

from collections import Counter

import pandas as pd
from pydantic import BaseModel, RootModel

from analysis.claims.verdicts import judge_sweep, needs
from analysis.dashboard.columns import number, texts
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.sweep_cost import UNKNOWN, SweepCosts, sweep_costs
from analysis.errors import AnalysisError
from analysis.results.load import Runs
from analysis.results.summary import DASH
from trainer.errors import UserError
from trainer.record import State
from trainer.recording.sweep_state import DIVERGED, NEW, SHORT

UNDER_WAY: frozenset[str] = frozenset({State.RUNNING, State.PENDING, State.PREEMPTED, State.LOST, NEW, SHORT})
"""States of runs that are yet to reach their horizon."""
BADLY: frozenset[str] = frozenset({State.FAILED, State.CANCELLED, State.LOST, DIVERGED})


class SweepCard(BaseModel):
    """One sweep in a few numbers. `problem` is why it cannot be read, "" where it can.

    `left_hours` is what is left to train at the present pace of its running runs, None where none is running.
    `hours`, `kwh` and `money` are those of all attempts so far; `..._at_end` is what all of it takes if the rest is as
    costly per image, `planned_...` what the plan expected of all of it.
    """

    sweep: str
    problem: str = ""
    question: str = ""
    tier: str | None = None
    cells: int = 0
    runs: int = 0
    states: dict[str, int] = {}
    progress: float = 0.0
    left_hours: float | None = None
    hours: float = 0.0
    kwh: float | None = None
    kwh_at_end: float | None = None
    planned_kwh: float | None = None
    planned_hours: float | None = None
    money: float | None = None
    money_at_end: float | None = None
    planned_money: float | None = None
    verdicts: dict[str, int] = {}
    failures: dict[str, int] = {}


class SweepList(BaseModel):
    """All sweeps of a store, and files of trials that are passed over because they do not fit."""

    revision: str
    store: str
    sweeps: list[SweepCard]
    skipped: list[str]


class ClaimRow(BaseModel):
    """A claim with its verdict; "NOT TESTED" with the reason in `compared` where it was not judged."""

    verdict: str
    text: str
    compared: str
    p: float | None = None
    corrected: float | None = None
    seeds: str = ""
    interval: tuple[float | None, float | None] = (None, None)
    needs: str = ""


class ClaimRows(RootModel[list[ClaimRow]]):
    """The claims of a sweep, in their order."""


def sweep_list(live: LiveStore) -> SweepList:
    """Return the sweeps of a store, those with running runs first."""
    revision = live.refresh()
    cards = [sweep_card(live, name) for name in live.store.sweeps()]
    cards.sort(key=lambda card: "running" not in card.states)
    return SweepList(revision=revision, store=str(live.store.path), sweeps=cards, skipped=live.skipped)


def sweep_card(live: LiveStore, name: str) -> SweepCard:
    """Return one sweep in a few numbers; one that cannot be read says why."""
    try:
        return live.once(("card", name), lambda: _card(live, name))
    except (AnalysisError, UserError) as error:
        return SweepCard(sweep=name, problem=str(error))


def _card(live: LiveStore, name: str) -> SweepCard:
    runs, _ = live.sweep(name)
    frame = runs.frame
    done, planned = float(frame["kimg"].sum()), float(frame["horizon_kimg"].sum())
    costs = sweep_costs(live, runs)
    return SweepCard(
        sweep=name,
        question=runs.plan.question,
        tier=runs.plan.tier,
        cells=len(runs.cells),
        runs=len(frame),
        states=dict(Counter(frame["state"]).most_common()),
        progress=done / planned if planned else 0.0,
        left_hours=left_hours(frame),
        hours=costs.so_far.hours or 0.0,
        kwh=costs.so_far.kwh,
        money=costs.so_far.money,
        **_costs(costs),
        verdicts=dict(Counter(row.verdict for row in claim_rows(live, name))),
        failures=_failures(runs),
    )


def _costs(costs: SweepCosts) -> dict[str, float | None]:
    at_end, planned = costs.at_end or UNKNOWN, costs.planned or UNKNOWN
    return {
        "kwh_at_end": at_end.kwh,
        "money_at_end": at_end.money,
        "planned_hours": planned.hours,
        "planned_kwh": planned.kwh,
        "planned_money": planned.money,
    }


def left_hours(frame: pd.DataFrame) -> float | None:
    """Return the hours until all runs under way are at their horizon, at the pace of those that are running now."""
    running = frame[(frame["state"] == State.RUNNING.value) & (frame["kimg"] > 0) & (frame["hours"] > 0)]
    pace = float((running["kimg"] / running["hours"].astype(float)).sum())
    waiting = frame[frame["state"].isin(UNDER_WAY)]
    left = float((waiting["horizon_kimg"] - waiting["kimg"]).sum())
    return left / pace if pace else None


def _failures(runs: Runs) -> dict[str, int]:
    frame = runs.frame[runs.frame["state"].isin(BADLY)]
    reasons = texts(frame["diverged_because"].where(frame["diverged"], frame["message"]))
    words = [f"{state}: {why}" if why else state for state, why in zip(frame["state"], reasons, strict=True)]
    return dict(Counter(words).most_common())


def claim_rows(live: LiveStore, sweep: str) -> list[ClaimRow]:
    """Return the claims of a sweep with their verdicts. Raises AnalysisError."""
    return live.once(("claims", sweep), lambda: _claims(live, sweep))


def _claims(live: LiveStore, sweep: str) -> list[ClaimRow]:
    runs, curves = live.sweep(sweep)
    found = judge_sweep(runs.plan.claims, (), lambda metric: live.sweep(sweep, metric) if metric else (runs, curves))
    rows = [
        ClaimRow(
            verdict=judged.verdict.value,
            text=judged.claim.text,
            compared=judged.evidence.compared,
            p=number(judged.p_value),
            corrected=number(judged.p_corrected),
            seeds="+".join(map(str, judged.evidence.sizes)),
            interval=(number(judged.interval[0]), number(judged.interval[1])),
            needs=needs(judged, ".2g") or DASH,
        )
        for judged in found.judged
    ]
    return rows + [ClaimRow(verdict="NOT TESTED", text=text, compared=why) for text, why in found.not_tested]
