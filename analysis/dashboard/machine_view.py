"""The machine that serves the dashboard, and what of the store is being worked at, by heartbeats."""

import shutil
import socket
import time

import psutil
from pydantic import BaseModel

from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.queue_view import QueueRow, SlotsView, queue_rows, slots
from analysis.dashboard.sweep_list import sweep_list
from trainer.errors import printable
from trainer.record import State, read_record

GIB = 2**30


class RunningRow(BaseModel):
    """A run that its worker says is running; `beat_seconds`: how long ago it last said so."""

    trial: str
    host: str
    attempt: int
    kimg: float
    horizon_kimg: float
    images_per_second: float | None
    doing: str
    beat_seconds: float


class MachineView(BaseModel):
    """Processor, memory and disk of this machine, and the runs under way on any."""

    host: str
    cpus: int
    load: float
    memory_gib: float
    memory_used_gib: float
    disk_gib: float
    disk_free_gib: float
    slots: SlotsView | None
    queue: list[QueueRow]
    running: list[RunningRow]


def machine_view(live: LiveStore) -> MachineView:
    """Return the state of the machine and of its queue, as of now."""
    live.refresh()
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(live.store.path)
    states = live.tables.rows("runs", ("trial", "recorded_state"), list(live.store.trials())).to_pylist()
    running = [row["trial"] for row in states if row["recorded_state"] == State.RUNNING]
    return MachineView(
        host=socket.gethostname(),
        cpus=psutil.cpu_count() or 1,
        load=psutil.getloadavg()[0],
        memory_gib=memory.total / GIB,
        memory_used_gib=(memory.total - memory.available) / GIB,
        disk_gib=disk.total / GIB,
        disk_free_gib=disk.free / GIB,
        slots=slots(live),
        queue=queue_rows(sweep_list(live).sweeps),
        running=[row for trial in running if (row := _running(live, trial))],
    )


def _running(live: LiveStore, trial: str) -> RunningRow | None:
    run = live.store.run(trial)
    record = read_record(run.record(max(run.attempts(), default=0)))
    if record is None:
        return None
    return RunningRow(
        trial=trial,
        host=printable(record.host),
        attempt=record.attempt,
        kimg=record.kimg,
        horizon_kimg=record.horizon_kimg,
        images_per_second=record.images_per_second,
        doing=printable(record.doing),
        beat_seconds=max(time.time() - record.updated, 0.0),
    )
