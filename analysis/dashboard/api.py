"""The HTTP API: everything that the pages show, as typed JSON. Only what is asked for is read."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from analysis.dashboard.actions import ActionRequest, ActionResult, DoctorReport, carry_out, doctor
from analysis.dashboard.curve_view import ClockView, CurveView, clock_view, curve_view
from analysis.dashboard.energy_view import EnergyView, energy_view
from analysis.dashboard.figure_list import (
    FigureCard,
    FigureCards,
    FigureVerdict,
    FigureVerdicts,
    figure_cards,
    verified,
)
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.logit_view import LogitView, logit_view
from analysis.dashboard.machine_view import MachineView, machine_view
from analysis.dashboard.published_view import PublishedRow, PublishedRows, published_rows
from analysis.dashboard.sweep_changes import SweepChanges, sweep_changes
from analysis.dashboard.sweep_list import ClaimRow, ClaimRows, SweepList, claim_rows, sweep_list
from analysis.dashboard.sweep_view import SweepView, sweep_view
from analysis.dashboard.trial_view import TrialView, trial_view

SweepPath = Annotated[str, Path(description="The name of a sweep.")]
TrialPath = Annotated[str, Path(description="The id of a trial.")]
QuantityQuery = Annotated[str, Query(max_length=200, description="A metric, p or r_t; by default the score.")]
TrialQuery = Annotated[str, Query(max_length=40, description="The id of a trial.")]
SinceQuery = Annotated[str, Query(max_length=40, description="The revision that is known.")]


class Revision(BaseModel):
    """Names the state of the store: it changes whenever there is something new to see."""

    revision: str


class ApiProblem(BaseModel):
    """Why there is no answer."""

    detail: str


REFUSALS: dict[int | str, dict[str, Any]] = {code: {"model": ApiProblem} for code in (403, 404, 409)}


def router(live: LiveStore, *, may_act: bool) -> APIRouter:
    """Return the routes of the API on a store."""
    api = APIRouter(prefix="/api", responses={code: {"model": ApiProblem} for code in (404, 422)})
    _add_reading(api, live)
    _add_curves(api, live)
    _add_sweeps(api, live)
    if may_act:
        _add_actions(api, live)
    return api


def _add_reading(api: APIRouter, live: LiveStore) -> None:
    @api.get("/revision", summary="Has something changed")
    def revision() -> Revision:
        """Say whether something has changed: collects what is new, at most once a second."""
        return Revision(revision=live.refresh())

    @api.get("/trials/{trial}", summary="One trial")
    def trial(trial: TrialPath) -> TrialView:
        """Return one trial: places, attempts, curves, sheets of samples, log, configuration."""
        return trial_view(live, trial)

    @api.get("/figures", summary="All figures", response_model=FigureCards)
    def figures() -> list[FigureCard]:
        """Return all figures with their provenance."""
        return figure_cards(live)

    @api.get("/energy", summary="The energy ledger")
    def energy() -> EnergyView:
        """Return the energy ledger of the store."""
        return energy_view(live)

    @api.get("/machine", summary="This machine")
    def machine() -> MachineView:
        """Return this machine's load, and what is running and waiting."""
        return machine_view(live)

    @api.get("/machine/doctor", summary="Findings of the doctor")
    def examine() -> DoctorReport:
        """Examine this machine: the findings of `adasweep doctor`."""
        return doctor(live)


def _add_curves(api: APIRouter, live: LiveStore) -> None:
    @api.get("/sweeps/{sweep:path}/curves", response_model=CurveView, summary="Curves of a sweep")
    def curves(sweep: SweepPath, quantity: QuantityQuery = "") -> Response:
        """Return the curves of a metric, of p or of r_t, for every run of a sweep."""
        return _as_json(lambda: curve_view(live, sweep, quantity))

    @api.get("/sweeps/{sweep:path}/clock", response_model=ClockView, summary="Hours and energy by length of training")
    def clock(sweep: SweepPath) -> Response:
        """Return the hours and kWh that every run had taken by lengths of training."""
        return _as_json(lambda: clock_view(live, sweep))

    @api.get("/sweeps/{sweep:path}/changes", response_model=SweepChanges, summary="What has changed in a sweep")
    def changes(sweep: SweepPath, since: SinceQuery) -> Response:
        """Return the runs of a sweep that are not as they were in a revision, with their curves of the score."""
        return _as_json(lambda: sweep_changes(live, sweep, since))

    @api.get("/sweeps/{sweep:path}/logits", summary="Histograms of logits")
    def logits(sweep: SweepPath, trial: TrialQuery) -> LogitView:
        """Return histograms of the discriminator's logits of one trial, at a few lengths of training."""
        return logit_view(live, sweep, trial)


def _add_sweeps(api: APIRouter, live: LiveStore) -> None:
    @api.get("/sweeps", summary="All sweeps")
    def sweeps() -> SweepList:
        """Return every sweep in a few numbers."""
        return sweep_list(live)

    @api.get("/sweeps/{sweep:path}/published", summary="Published values of a sweep", response_model=PublishedRows)
    def published(sweep: SweepPath) -> list[PublishedRow]:
        """Return the published values that a sweep states, with ours."""
        return published_rows(live, sweep)

    @api.get("/sweeps/{sweep:path}/claims", summary="Claims of a sweep", response_model=ClaimRows)
    def claims(sweep: SweepPath) -> list[ClaimRow]:
        """Return the claims of a sweep with their verdicts."""
        return claim_rows(live, sweep)

    @api.get("/sweeps/{sweep:path}", response_model=SweepView, summary="One sweep")
    def sweep(sweep: SweepPath) -> Response:
        """Return the runs of a sweep in columns, its axes, and the settings in which its cells differ."""
        return _as_json(lambda: sweep_view(live, sweep))

    @api.get(
        "/figures/{sweep:path}/verified", summary="Figures compared with their runs", response_model=FigureVerdicts
    )
    def verify(sweep: SweepPath) -> list[FigureVerdict]:
        """Compare the figures of a sweep with the files of its runs. Slow: every file is read anew."""
        return verified(live, sweep)


def _add_actions(api: APIRouter, live: LiveStore) -> None:
    @api.post("/actions", responses=REFUSALS, summary="Cancel, retry or extend")
    def act(request: ActionRequest) -> ActionResult:
        """Cancel, retry or extend. Needs the token."""
        return carry_out(live, request)


def _as_json(view: Callable[[], BaseModel]) -> Response:
    """Answer with a view that is valid already: it is not checked and copied once more."""
    return Response(view().model_dump_json(), media_type="application/json")
