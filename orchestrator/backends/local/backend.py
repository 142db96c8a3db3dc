"""The local backend: queued attempts run as slots become free, independently of the process that submitted them."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from orchestrator.backends.base import Submission
from orchestrator.backends.local.runner import ensure_runner
from orchestrator.backends.queue import Capacity, Queue, QueueEntry, discard, read_entry
from orchestrator.errors import BackendError, PlanError
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store, writing
from orchestrator.store.private import private_place, require_private
from orchestrator.store.process_id import send
from orchestrator.supervisor.command import Task, supervisor_command
from orchestrator.supervisor.ending import last_line, record_never_started
from trainer.config.job import Resources
from trainer.config.node_power import NodePower
from trainer.record import RunDir, State, read_record

START_SECONDS = 2.0
"""How long a running entry may lack its supervisor's process id."""

RESTART_SECONDS = 5.0
"""How long after a runner has failed the next one is started."""

LEAST_BYTES = 2**20
"""With less free space, a runner fails for want of it."""


class LocalBackend:
    """A queue in the store, served by one detached runner."""

    name = "local"
    power: NodePower | None = None

    def __init__(self, store: Store, cpus: int | None = None) -> None:
        self.store = store
        self.cpus = cpus
        self.queue = Queue(private_place(store, self.name) / socket.gethostname())
        self._runners: list[subprocess.Popen[bytes]] = []
        self._not_before = 0.0

    @property
    def capacity(self) -> Capacity:
        """Return the resources of this machine that attempts may use."""
        return Capacity(cpus=self.cpus, gpus=self.queue.capacity().gpus) if self.cpus else self.queue.capacity()

    def slots(self, resources: Resources) -> int:
        capacity = self.capacity
        by_gpu = capacity.gpus // resources.whole_gpus if resources.gpus else capacity.cpus
        return max(1, min(capacity.cpus // resources.cpus, by_gpu))

    def lacks(self, resources: Resources) -> str:
        """Return a message if this machine has too few GPUs. With too few CPUs, attempts share them."""
        gpus = self.capacity.gpus
        if resources.whole_gpus <= gpus:
            return ""
        return f"needs {resources.whole_gpus} GPUs, this machine has {gpus}; name a cluster with --backend"

    def doubts(self, resources: Resources) -> str:
        """Return a message if this machine has too few CPUs, which attempts share, or too little memory."""
        cpus, gib = self.capacity.cpus, memory_gib()
        found = []
        if resources.cpus > cpus:
            found.append(f"{resources.cpus} CPUs are requested, this machine has {cpus}: runs take longer than priced")
        if resources.memory_gib > gib:
            found.append(f"{resources.memory_gib:g} GiB are requested, this machine has {gib:.0f}: runs may be killed")
        return "; ".join(found)

    def limit(self, _resources: Resources) -> None:
        """Return None: attempts last as long as they need."""

    def render(self, tasks: Sequence[Task]) -> Submission:
        capacity = self.capacity
        for task in tasks:
            if task.resources.whole_gpus > capacity.gpus:
                raise PlanError(
                    f"trial {task.trial}", f"needs {task.resources.gpus} GPUs, this machine has {capacity.gpus}"
                )
        return Submission(tuple(tasks), "".join(shlex.join(supervisor_command(task)) + "\n" for task in tasks))

    def require_usable(self) -> None:
        """Raise StoreError if the queue cannot be used; no commands are needed."""
        self.queue.require_usable()

    def submit(self, submission: Submission) -> list[Handle]:
        handles = []
        with writing(self.queue.root):
            require_private(self.queue.root, self.store)
        if self.cpus:
            self.queue.set_capacity(self.capacity)
        for task in submission.tasks:
            entry = QueueEntry.of(task)
            with writing(self.queue.root):
                self.queue.put(entry)
            handles.append(Handle(backend=self.name, key=entry.key, trial=task.trial, attempt=task.attempt))
        self._serve()
        return handles

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        waiting, running = self.queue.waiting(), self.queue.running()
        return {handle: self._state(handle, waiting.get(handle.key), running.get(handle.key)) for handle in handles}

    def maintain(self) -> None:
        """Start a runner if the queue needs one. Raises BackendError if the last one failed, as on a full disk."""
        failed = [code for runner in self._runners if (code := runner.poll() or 0) > 0]
        if failed:
            self._not_before = time.monotonic() + RESTART_SECONDS
        self._serve()
        if failed:
            ending = f"its runner ended with exit code {failed[0]} ({self._why_ended()})"
            raise BackendError(f"the local queue is not served: {ending}", retryable=True)

    def cancel(self, handles: Sequence[Handle]) -> None:
        waiting = self.queue.waiting()
        for handle in handles:
            path = waiting.get(handle.key)
            if path and discard(path):
                record_never_started(self._run(handle), handle.attempt)
        for handle in handles:
            self._stop(handle)

    def _serve(self) -> None:
        self._runners = [runner for runner in self._runners if runner.poll() is None]
        is_needed = not self._runners and time.monotonic() >= self._not_before
        if is_needed and (self.queue.waiting() or self.queue.running()):
            runner = ensure_runner(self.queue)
            self._runners += [runner] if runner else []

    def _why_ended(self) -> str:
        free = shutil.disk_usage(self.queue.root).free
        full = f"{self.queue.root}: {free:,} bytes free; free space"
        return full if free < LEAST_BYTES else last_line(self.queue.log) or f"see {self.queue.log}"

    def _state(self, handle: Handle, waiting: Path | None, running: Path | None) -> State:
        if waiting:
            return State.PENDING
        entry = read_entry(running) if running else None
        if entry and not (entry.supervisor and entry.supervisor.is_gone):
            return State.RUNNING
        record = read_record(self._run(handle).record(handle.attempt))
        if record is None and self._is_another_users(handle):
            return State.PENDING
        ended = record is not None and record.state not in (State.PENDING, State.RUNNING)
        return record.state if record and ended else State.LOST

    def _is_another_users(self, handle: Handle) -> bool:
        """Return whether another user, whose queue cannot be read, submitted this."""
        try:
            return self._run(handle).job(handle.attempt).stat().st_uid != os.geteuid()
        except FileNotFoundError:
            return False

    def _stop(self, handle: Handle) -> None:
        """Signal the supervisor of a running attempt, once it has one."""
        deadline = time.monotonic() + START_SECONDS
        while (path := self.queue.running().get(handle.key)) and time.monotonic() < deadline:
            entry = read_entry(path)
            if entry and entry.supervisor:
                send(entry.supervisor, signal.SIGTERM)
                return
            time.sleep(0.02)

    def _run(self, handle: Handle) -> RunDir:
        return self.store.run(handle.trial)


def memory_gib() -> float:
    """Return the memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def open_backend(store: Store, cpus: int | None = None) -> LocalBackend:
    """Return the local backend of a store."""
    return LocalBackend(store, cpus)
