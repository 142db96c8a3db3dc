"""The plan of a sweep: which cells it has and which trial stands for each of their seeds."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import StoreError
from analysis.tables.store import Store


class _Read(BaseModel):
    """A file of another room, read tolerantly: later versions may know more keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedRun(_Read):
    """One cell of the sweep at one seed. `settings` are the values of the sweep's axes by dotted key."""

    cell: str
    settings: dict[str, Any] = {}
    seed: int
    trial: str
    horizon_kimg: float


class Plan(_Read):
    """The last plan of a sweep. `score` is a metric name, with or without its detector ("fid2k", "fid2k-lite0")."""

    schema_version: int
    sweep: str
    tier: str | None = None
    score: str | None = None
    question: str = ""
    metrics: tuple[str, ...] = ()
    detector: str | None = None
    distance: str | None = None
    figures: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    cells: tuple[PlannedRun, ...]


NO_SWEEP = "_no_sweep"
"""The place in a store of figures that need no run; no sweep can have this name."""


def read_plan(store: Store, sweep: str) -> Plan:
    """Return the last plan of `sweep`, an empty one for NO_SWEEP.

    Raises StoreError, listing the sweeps there are, where it has none.
    """
    if sweep == NO_SWEEP:
        return Plan(schema_version=1, sweep=sweep, tier="none", cells=())
    path = store.plan(sweep)
    try:
        return Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(store.sweeps()) or "none yet"
        raise StoreError(f"{path}: no such plan; sweeps in this store: {known}") from error
    except (ValidationError, OSError) as error:
        raise StoreError(f"{path}: not readable as a plan ({_first_line(error)}); plan the sweep again") from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
