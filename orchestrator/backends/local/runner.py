"""The detached process that starts entries of a local queue as slots become free; at most one per queue.

    python -m orchestrator.backends.local.runner QUEUE_DIR

It exits when the queue is empty. If it is killed, supervisors continue, and the next runner finds them in the queue.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.backends.queue import Capacity, Queue, QueueEntry, discard, read_entry
from orchestrator.store.frozen_code import module_in
from orchestrator.store.process_id import ProcessId
from orchestrator.supervisor.command import environment, python_module, start_supervisor
from trainer.files import locked, replace_file

POLL_SECONDS = 0.1


@dataclass
class Runner:
    """Serves one queue. `children` are the supervisors it started, by key."""

    queue: Queue
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def serve(self) -> None:
        """Start waiting entries and remove ended ones until the queue is empty."""
        while self.queue.waiting() or self.queue.running():
            self._start_fitting(self._still_running())
            time.sleep(POLL_SECONDS)

    def _still_running(self) -> list[QueueEntry]:
        """Return the running entries; remove those that have ended, requeue those that were never started."""
        entries = []
        for key, path in self.queue.running().items():
            entry = read_entry(path)
            if entry is None or self._has_ended(key, entry):
                discard(path)
            elif entry.supervisor is None:
                self.queue.put_back(path)
            else:
                entries.append(entry)
        return entries

    def _has_ended(self, key: str, entry: QueueEntry) -> bool:
        child = self.children.get(key)
        if child is None:
            return entry.supervisor is not None and entry.supervisor.is_gone
        if child.poll() is None:
            return False
        del self.children[key]
        return True

    def _start_fitting(self, running: list[QueueEntry]) -> None:
        capacity = self.queue.capacity()
        for path in self.queue.waiting().values():
            entry = read_entry(path)
            if entry is None:
                self._set_aside(path)
                continue
            gpus = assign_gpus(entry, running, capacity)
            if gpus is None:
                return
            taken = self.queue.take(path)
            if taken:
                running.append(self._start(entry.model_copy(update={"gpus": gpus}), taken))

    def _set_aside(self, path: Path) -> None:
        """Set an unreadable entry aside so that it does not block the others; its attempt then counts as lost."""
        if path.exists():
            sys.stdout.write(f"{path.name}: cannot be read; set aside\n")
        self.queue.set_aside(path)

    def _start(self, entry: QueueEntry, path: Path) -> QueueEntry:
        visible = {"CUDA_VISIBLE_DEVICES": ",".join(gpu_names(entry.gpus))}
        child = start_supervisor(entry.task, visible)
        self.children[entry.key] = child
        started = entry.model_copy(update={"supervisor": ProcessId.of(child.pid)})
        replace_file(path, started.model_dump_json())
        return started


def assign_gpus(entry: QueueEntry, running: list[QueueEntry], capacity: Capacity) -> tuple[int, ...] | None:
    """Return the GPUs to assign to an entry, or None while it does not fit beside the running ones.

    An entry that needs more CPUs than exist runs alone.
    """
    free_cpus = capacity.cpus - sum(other.resources.cpus for other in running)
    free_gpus = [index for index in range(capacity.gpus) if not any(index in other.gpus for other in running)]
    if min(entry.resources.cpus, capacity.cpus) > free_cpus or entry.resources.whole_gpus > len(free_gpus):
        return None
    return tuple(free_gpus[: entry.resources.whole_gpus])


def gpu_names(indices: tuple[int, ...]) -> list[str]:
    """Return the CUDA names of GPUs, given by their indices among the visible ones."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [visible.split(",")[index] for index in indices] if visible else [str(index) for index in indices]


def ensure_runner(queue: Queue) -> subprocess.Popen[bytes] | None:
    """Start a detached runner and return it; return None if one is running."""
    with try_lock(queue) as first:
        pass
    if not first:
        return None
    code = queue.code()
    command = [*python_module(module_in(code, "orchestrator.backends.local.runner")), str(queue.root)]
    with queue.log.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(code=code),
            start_new_session=True,
        )


@contextlib.contextmanager
def try_lock(queue: Queue) -> Iterator[bool]:
    """Try to acquire the runner's lock; yield whether that succeeded."""
    queue.root.mkdir(parents=True, exist_ok=True)
    with locked(queue.lock, wait_seconds=0) as first:
        yield first


def main(arguments: list[str]) -> int:
    """Serve a queue until it is empty. It is checked again after the lock is released, so that no entry is missed."""
    queue = Queue(Path(arguments[0]))
    while queue.waiting() or queue.running():
        with try_lock(queue) as first:
            if not first:
                return 0
            Runner(queue).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
