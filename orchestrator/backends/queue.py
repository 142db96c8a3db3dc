"""The queue of the local and Ray backends: a directory with one file per entry, moved by renaming.

    queue/   waiting entries, in order of their names      running/   entries with a supervisor
    capacity.json      runner.lock

A rename or unlink succeeds for one process only, so an entry is either started once or cancelled.
"""

import contextlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from orchestrator.errors import StoreError
from orchestrator.store.frozen_code import LIVE
from orchestrator.store.lease import NO_FOLDER
from orchestrator.store.process_id import ProcessId
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.config.spec import Count, PositiveInt, Settings
from trainer.config.stored import read_document
from trainer.files import remove_abandoned, replace_file

ENTRY = re.compile(r"[0-9]{20}-[0-9a-f]{12}-[0-9]{3,}\.json", re.ASCII)


class Capacity(Settings):
    """The resources of this machine that attempts may use."""

    cpus: PositiveInt
    gpus: Count = 0


class QueueEntry(Settings):
    """A queued attempt; `supervisor` and `gpus` (indices) are set once it runs. `starts` counts a cluster's reruns."""

    trial: str
    directory: Path
    attempt: int
    resources: Resources
    code: Path = LIVE
    supervisor: ProcessId | None = None
    gpus: tuple[int, ...] = ()
    starts: Count = 0

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls(
            trial=task.trial,
            directory=task.directory,
            attempt=task.attempt,
            resources=task.resources,
            code=task.code,
        )

    @property
    def key(self) -> str:
        return f"{self.trial}-{self.attempt:03d}"

    @property
    def task(self) -> Task:
        return Task(self.trial, self.directory, self.attempt, self.resources, self.code)


@dataclass(frozen=True)
class Queue:
    """The queue in `root`. Methods take and return paths of entries."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "runner.lock"

    @property
    def log(self) -> Path:
        return self.root / "runner.log"

    def require_usable(self) -> None:
        """Raise StoreError if something else is in the place of a folder or file of the queue."""
        for folder in (self.root, self.root / "queue", self.root / "running"):
            if os.path.lexists(folder) and not folder.is_dir():
                raise StoreError(folder, "is not a folder", "remove it")
        for file in (self.lock, self.log):
            if os.path.lexists(file) and not file.is_file():
                raise StoreError(file, "is not a file", "remove it")

    def put(self, entry: QueueEntry) -> None:
        """Append an entry, and remove what killed processes have left."""
        for name in ("queue", "running"):
            remove_abandoned(self.root / name)
        replace_file(self.root / "queue" / f"{time.time_ns():020d}-{entry.key}.json", entry.model_dump_json())

    def waiting(self) -> Mapping[str, Path]:
        """Return the paths of waiting entries by key, in order."""
        return _listed(self.root / "queue")

    def running(self) -> Mapping[str, Path]:
        """Return the paths of entries that run, or have ended and are not yet removed, by key."""
        return _listed(self.root / "running")

    def take(self, path: Path) -> Path | None:
        """Move a waiting entry to the running ones; return None if it was already taken or cancelled."""
        return _move(path, self.root / "running")

    def put_back(self, path: Path) -> None:
        """Move a running entry back to the waiting ones."""
        _move(path, self.root / "queue")

    def set_aside(self, path: Path) -> None:
        """Rename an unreadable entry so that it is no longer in the queue."""
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_suffix(".unreadable"))

    def code(self) -> Path:
        """Return the folder of the packages that the newest entry runs; the queue's runner uses the same."""
        paths = [*self.running().values(), *self.waiting().values()]
        entry = read_entry(paths[-1]) if paths else None
        return entry.code if entry else LIVE

    def capacity(self) -> Capacity:
        """Return the capacity set with `set_capacity`; by default, all CPUs this process may use and all GPUs."""
        stored = read_document(self.root / "capacity.json", Capacity)
        return stored or Capacity(cpus=len(os.sched_getaffinity(0)), gpus=gpu_count())

    def set_capacity(self, capacity: Capacity) -> None:
        replace_file(self.root / "capacity.json", capacity.model_dump_json())


def read_entry(path: Path) -> QueueEntry | None:
    """Return the entry at `path`, or None if it is gone or invalid."""
    return read_document(path, QueueEntry)


def discard(path: Path) -> bool:
    """Remove an entry; return whether it still existed."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def gpu_count() -> int:
    """Return the number of visible NVIDIA GPUs; 0 without a driver."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return len([name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()])
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


def _listed(folder: Path) -> dict[str, Path]:
    """Return the entries in a folder by key, in order of their names; other files are ignored."""
    try:
        with os.scandir(folder) as files:
            names = sorted(file.name for file in files if ENTRY.fullmatch(file.name) and file.is_file())
    except OSError as error:
        if error.errno not in NO_FOLDER:
            raise
        return {}
    return {name.removesuffix(".json").partition("-")[2]: folder / name for name in names}


def _move(path: Path, folder: Path) -> Path | None:
    folder.mkdir(exist_ok=True)
    try:
        return path.rename(folder / path.name)
    except FileNotFoundError:
        return None
