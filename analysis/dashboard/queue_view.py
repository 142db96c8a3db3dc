"""What waits: by sweep, and on this machine the slots that its local queue gives out."""

import os
import socket
from pathlib import Path

from pydantic import BaseModel

from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.sweep_list import UNDER_WAY, SweepCard
from trainer.config.job import Resources
from trainer.config.spec import Count, PositiveInt, Settings
from trainer.config.stored import read_document
from trainer.record import State


class QueueRow(BaseModel):
    """A sweep with runs that are yet to reach their horizon; `left_hours` at the present pace."""

    sweep: str
    running: int
    waiting: int
    left_hours: float | None


class SlotsView(BaseModel):
    """What the local queue of this machine may use, what of it is in use, and how many attempts wait for it."""

    cpus: int
    cpus_used: int
    gpus: int
    gpus_used: float
    waiting: int


class _LocalCapacity(Settings):
    cpus: PositiveInt
    gpus: Count = 0


class _QueuedAttempt(Settings, extra="ignore"):
    resources: Resources


def queue_rows(cards: list[SweepCard]) -> list[QueueRow]:
    """Return the sweeps that have something to do, the one with most to do first."""
    rows = [
        QueueRow(
            sweep=card.sweep,
            running=card.states.get(State.RUNNING.value, 0),
            waiting=sum(count for state, count in card.states.items() if state in UNDER_WAY - {State.RUNNING}),
            left_hours=card.left_hours,
        )
        for card in cards
    ]
    return sorted((row for row in rows if row.running + row.waiting), key=lambda row: (-row.running, -row.waiting))


def slots(live: LiveStore) -> SlotsView | None:
    """Return the slots of this machine; None if nothing was queued here, or the queue is not in the store."""
    folder = live.store.path / "local" / socket.gethostname()
    capacity = read_document(folder / "capacity.json", _LocalCapacity)
    if capacity is None:
        return None
    running = [entry.resources for path in _files(folder / "running") if (entry := read_document(path, _QueuedAttempt))]
    return SlotsView(
        cpus=capacity.cpus,
        cpus_used=sum(resources.cpus for resources in running),
        gpus=capacity.gpus,
        gpus_used=sum(float(resources.gpus) for resources in running),
        waiting=len(_files(folder / "queue")),
    )


def _files(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(".json")]
    except OSError:
        return []
