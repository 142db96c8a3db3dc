"""The driver of a queue in a Ray cluster: submits what waits as Ray tasks, and requeues what was lost.

    python -m orchestrator.backends.ray.driver QUEUE_DIR

It runs as a Ray job, at most one for a queue. Ray itself runs an entry again whose node was lost. When the driver is
lost, Ray ends its workers; the next driver puts back what they were at.
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


@dataclass
class Driver:
    """Serves one queue for as long as it holds the lease on it. `given` are the entries that Ray has, by key."""

    queue: RayQueue
    lease: Lease
    submitted: dict[str, ray.ObjectRef[int | None]] = field(default_factory=dict)

    def serve(self) -> None:
        """Serve the queue until nothing has been in it for a while. Raises LeaseSuperseded."""
        beaten = served = time.monotonic()
        while time.monotonic() - served < LINGER_SECONDS:
            self._submit_waiting()
            self._collect()
            self._adopt()
            if self.queue.waiting() or self.queue.running():
                served = time.monotonic()
            if time.monotonic() - beaten > BEAT_SECONDS:
                self.lease.beat()
                beaten = time.monotonic()

    def _submit_waiting(self) -> None:
        """Submit to Ray what it does not have yet."""
        for key, path in self.queue.waiting().items():
            entry = read_entry(path)
            if entry is None:
                self.queue.set_aside(path)
            elif key not in self.submitted:
                self.submitted[key] = start(self.queue, entry)

    def _collect(self) -> None:
        """Forget what has ended. What Ray gave up on is removed from the queue, and so counts as lost."""
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
        """Requeue or remove what an earlier driver left behind, once its supervisors have stopped."""
        for key, path in self.queue.running().items():
            entry = read_entry(path)
            if key in self.submitted or entry is None or _is_at_work(entry):
                continue
            if self.queue.stop_file(key).exists() or is_settled(entry):
                self.queue.finish(key)
            else:
                self.queue.put_back(path)


def start(queue: RayQueue, entry: QueueEntry) -> "ray.ObjectRef[int | None]":
    """Submit an entry to Ray as a task with its resources; Ray reruns it whenever its node is lost."""
    needs = entry.resources
    task = ray.remote(carry_out).options(
        num_cpus=needs.cpus,
        num_gpus=needs.gpus,
        memory=int(needs.memory_gib * 2**30),
        max_retries=-1,
        name=f"adasweep {entry.key}",
    )
    return task.remote(str(queue.root), entry.key)


def is_settled(entry: QueueEntry) -> bool:
    """Return whether the entry's attempt, or what it was continued as, ended in a way that no rerun would change."""
    run = RunDir(entry.directory)
    record = read_record(run.record(run.attempts()[-1]))
    return record is not None and record.state in FINAL - RUN_AGAIN


def _is_at_work(entry: QueueEntry) -> bool:
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
