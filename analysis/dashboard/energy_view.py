"""The energy ledger as the dashboard shows it, by sweep and category."""

from pydantic import BaseModel

from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.plans import readable_plans
from analysis.results.energy_ledger import KINDS, Factors, Item, ledger
from analysis.results.energy_table import notes, trials_of
from analysis.tables.attempts import AttemptRow
from analysis.tables.schema import SCHEMAS
from trainer.record import State


class EnergyRow(BaseModel):
    """One line of the ledger; units in the names. `kwh` is measured plus estimated."""

    sweep: str
    item: str
    runs: int
    attempts: int
    cpu_hours: float
    gpu_years: float
    kwh: float
    estimated_kwh: float
    training_kwh: float
    metrics_kwh: float
    idle_kwh: float
    kg_co2: float


class EnergyView(BaseModel):
    """The ledger of the whole store: `items` add up to `total`; `reused` is work that other sweeps have paid for.

    `wasted_kwh` is the part of the total that no result was built on.
    """

    items: list[EnergyRow]
    reused: list[EnergyRow]
    total: EnergyRow
    wasted_kwh: float
    reused_kwh: float
    notes: list[str]


def energy_view(live: LiveStore) -> EnergyView:
    """Return the ledger of the store."""
    return live.once(("energy",), lambda: _view(live))


def _view(live: LiveStore) -> EnergyView:
    planned = {plan.sweep: trials_of(plan) for plan in readable_plans(live)}
    found = ledger(_attempts(live), planned, (), Factors())
    return EnergyView(
        items=[_row(item) for item in found.items],
        reused=[_row(item) for item in found.reused],
        total=_row(found.total),
        wasted_kwh=sum(item.kwh for item in found.items if item.item != KINDS[0]),
        reused_kwh=sum(item.kwh for item in found.reused),
        notes=notes(found),
    )


def _attempts(live: LiveStore) -> list[AttemptRow]:
    rows = live.tables.rows("attempts", SCHEMAS["attempts"].names, list(live.store.trials())).to_pylist()
    return [AttemptRow(**{**row, "state": State(row["state"])}) for row in rows]


def _row(item: Item) -> EnergyRow:
    return EnergyRow(kwh=item.kwh, **{name: getattr(item, name) for name in EnergyRow.model_fields if name != "kwh"})
