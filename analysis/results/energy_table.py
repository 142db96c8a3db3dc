"""The energy of sweeps as a table, from the records of their attempts."""

from collections.abc import Sequence
from typing import Any

from analysis.results.energy_ledger import Factors, Item, Ledger, ledger
from analysis.tables.attempts import AttemptRow, attempts_of
from analysis.tables.plan_file import read_plan, readable_plans
from analysis.tables.store import ResultStore
from trainer.command_line.fitting import Column
from trainer.command_line.table import FittedTable
from trainer.config.plan_file import PlanFile
from trainer.errors import counted

COLUMNS = (
    Column("sweep", least=12),
    Column("item"),
    Column("runs", right=True),
    Column("attempts", 50, right=True),
    Column("GPU-years", 70, right=True),
    Column("CPU-hours", 75, right=True),
    Column("kWh measured", 90, right=True),
    Column("kWh estimated", 85, right=True),
    Column("kWh, paper's formula", 30, right=True),
    Column("training", 40, right=True),
    Column("metrics", 39, right=True),
    Column("idle", 38, right=True),
    Column("kg CO2", 80, right=True),
)
HEADINGS = tuple(column.heading for column in COLUMNS)


def energy_of(store: ResultStore, chosen: Sequence[str], factors: Factors) -> tuple[Ledger, list[str]]:
    """Return the ledger of the sweeps `chosen` (none: of the whole store), and what could not be read.

    Raises ResultStoreError for a sweep without a plan.
    """
    skipped = [] if chosen else store.unreadable_shards()
    for sweep in chosen:
        read_plan(store, sweep)
    planned = planned_trials(store, skipped)
    wanted = {trial for sweep in chosen for trial in planned[sweep]} if chosen else set(store.trials())
    attempts: list[AttemptRow] = []
    for trial in sorted(wanted):
        attempts += attempts_of(store.run(trial), skipped)
    return ledger(attempts, planned, chosen, factors), list(dict.fromkeys(skipped))


def planned_trials(store: ResultStore, skipped: list[str]) -> dict[str, frozenset[str]]:
    """Return the planned trials of each sweep of the store, with the sources that they start from.

    Plans that cannot be read are added to `skipped`: what only they plan counts as planned by none.
    """
    return {sweep: trials_of(plan) for sweep, plan in readable_plans(store, skipped).items()}


def trials_of(plan: PlanFile) -> frozenset[str]:
    """Return the trials that a sweep may have submitted: those of its cells, and the sources that they start from."""
    return frozenset(plan.with_sources)


def as_json(found: Ledger) -> dict[str, Any]:
    """Return the ledger as JSON values."""
    return {
        "factors": found.factors._asdict(),
        "items": [item._asdict() | {"kwh": item.kwh} for item in found.items],
        "reused": [item._asdict() | {"kwh": item.kwh} for item in found.reused],
        "total": found.total._asdict() | {"kwh": found.total.kwh},
    }


def rows_of(found: Ledger) -> list[list[str]]:
    """Return the ledger as text, under HEADINGS: items, their total, and what other sweeps paid for."""
    return [_row(item) for item in (*found.items, found.total, *found.reused)]


def fitted_table(found: Ledger) -> FittedTable:
    """Return the ledger for a terminal."""
    return FittedTable(COLUMNS, rows_of(found), title="Energy")


def notes(found: Ledger) -> list[str]:
    """Return the notes below the table: how energy was measured, what is estimated, and the factors."""
    total, factors = found.total, found.factors
    lines = [
        f"Method: {'; '.join(total.methods) or 'none, nothing has run'}. Coverage: {total.coverage:.0%} of device time."
    ]
    if total.estimated_kwh > 0:
        part = total.estimated_kwh / total.kwh
        lines.append(f"{part:.0%} of the energy is estimated, not read from a counter.")
    if total.attempts_without_energy:
        left_out = counted(total.attempts_without_energy, "attempt")
        lines.append(f"Left out: {left_out}, not metered and of unknown power.")
    lines.append(f"CO2: {factors.kg_per_kwh:g} kg per kWh ({factors.kg_source}).")
    lines.append("Energy is split between training, metrics and idle by time. Reused work is not in the total.")
    if total.paper_kwh is not None:
        lines.append(f"Paper's formula: duration x devices / {factors.node_devices} x power of the node.")
    return lines


def _row(item: Item) -> list[str]:
    return [
        *(item.sweep, item.item, str(item.runs), str(item.attempts)),
        *(_number(value) for value in (item.gpu_years, item.cpu_hours, item.measured_kwh, item.estimated_kwh)),
        "–" if item.paper_kwh is None else _number(item.paper_kwh),
        *(_number(value) for value in (item.training_kwh, item.metrics_kwh, item.idle_kwh, item.kg_co2)),
    ]


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
