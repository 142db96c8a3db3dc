"""The driver of a queue in a Ray cluster: submits entries as Ray tasks, and requeues lost ones.

    python -m orchestrator.backends.ray.driver QUEUE_DIR

It runs as a Ray job, at most one per queue. Ray reruns entries whose node was lost. If the driver is lost, Ray ends its
workers, and the next driver requeues their entries.
"""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import ray
from ray.exceptions import RayError

from orchestrator.backends.queue import QueueEntry, read_entry
from orchestrator.backends.ray.task import RayQueue, carry_out
from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.store.attempt_state import FINAL, RUN_AGAIN
from orchestrator.store.lease import BEAT_SECONDS, Lease, acquire, holder
from trainer.record import RunDir, read_record

POLL_SECONDS = 0.3
LINGER_SECONDS = 10.0

CARRY_OUT = ray.remote(carry_out)
"""One remote function for all entries: Ray keeps the order of tasks of one function and equal resources only."""


@dataclass
class Driver:
    """Serves one queue while it holds the queue's lease. `submitted` are the entries that Ray has, by key."""

    queue: RayQueue
    lease: Lease
    submitted: dict[str, ray.ObjectRef[int | None]] = field(default_factory=dict)

    def serve(self) -> None:
        """Serve the queue until it has been empty for LINGER_SECONDS. Raises LeaseSuperseded."""
        renewed = served = time.monotonic()
        while time.monotonic() - served < LINGER_SECONDS:
            self._submit_waiting()
            self._collect()
            self._adopt()
            if self.queue.waiting() or self.queue.running():
                served = time.monotonic()
            if time.monotonic() - renewed > BEAT_SECONDS:
                self.lease.beat()
                renewed = time.monotonic()

    def _submit_waiting(self) -> None:
        """Submit waiting entries to Ray."""
        for key, path in self.queue.waiting().items():
            entry = read_entry(path)
            if entry is None:
                self.queue.set_aside(path)
            elif key not in self.submitted:
                self.submitted[key] = start(self.queue, entry)

    def _collect(self) -> None:
        """Remove ended tasks. Entries that Ray gave up on are removed from the queue, and so count as lost."""
        keys = {ref: key for key, ref in self.submitted.items()}
        if not keys:
            time.sleep(POLL_SECONDS)
            return
        done, _ = ray.wait(list(keys), num_returns=1, timeout=POLL_SECONDS)
        for ref in done:
            try:
                ray.get(ref)
            except RayError as error:
                sys.stderr.write(f"{keys[ref]}: {error}\n")
                self.queue.finish(keys[ref])
            del self.submitted[keys[ref]]

    def _adopt(self) -> None:
        """Requeue or remove entries of an earlier driver, once their supervisors have stopped."""
        for key, path in self.queue.running().items():
            entry = read_entry(path)
            if key in self.submitted or entry is None or _is_supervised(entry):
                continue
            if self.queue.stop_file(key).exists() or is_settled(entry):
                self.queue.finish(key)
            else:
                self.queue.put_back(path)


def start(queue: RayQueue, entry: QueueEntry) -> "ray.ObjectRef[int | None]":
    """Submit an entry to Ray as a task with its resources; Ray reruns it if its node is lost."""
    needs = entry.resources
    task = CARRY_OUT.options(
        num_cpus=needs.cpus,
        num_gpus=needs.gpus,
        memory=int(needs.memory_gib * 2**30),
        max_retries=-1,
        name=f"adasweep {entry.key}",
    )
    return task.remote(str(queue.root), entry.key)


def is_settled(entry: QueueEntry) -> bool:
    """Return whether the entry's attempt, or its continuation, ended in a state that no rerun would change."""
    run = RunDir(entry.directory)
    record = read_record(run.record(run.attempts()[-1]))
    return record is not None and record.state in FINAL - RUN_AGAIN


def _is_supervised(entry: QueueEntry) -> bool:
    held = holder(entry.directory)
    return held is not None and held.is_alive(time.time())


def main(arguments: list[str]) -> int:
    """Serve a queue, unless another driver does."""
    queue = RayQueue(Path(arguments[0]))
    try:
        lease = acquire(queue.root)
    except LeaseHeld as held:
        sys.stderr.write(f"{held}; nothing to do here\n")
        return 0
    try:
        ray.init(log_to_driver=False)
        Driver(queue, lease).serve()
    except LeaseSuperseded as lost:
        sys.stderr.write(f"{lost}\n")
    finally:
        lease.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
