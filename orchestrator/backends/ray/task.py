"""The task of a Ray worker: supervise a queued attempt until it ends or is to stop."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orchestrator.backends.queue import Queue, QueueEntry, discard, read_entry
from orchestrator.store.attempt_state import is_finished
from orchestrator.store.lease import JobRun
from orchestrator.store.process_id import ProcessId
from orchestrator.supervisor.command import start_supervisor
from trainer.config.job import Resources
from trainer.files import replace_file
from trainer.record import RunDir

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class RayQueue(Queue):
    """A queue served by a Ray cluster. `stop/` has a file for every entry to stop."""

    def stop_file(self, key: str) -> Path:
        return self.root / "stop" / key

    def finish(self, key: str) -> None:
        """Remove an entry that has ended."""
        for listed in (self.waiting(), self.running()):
            if key in listed:
                discard(listed[key])
        discard(self.stop_file(key))


def carry_out(root: str, key: str) -> int | None:
    """Run one entry of the queue and return the supervisor's exit code; None if there was nothing to do.

    If its node is lost, Ray calls this again on another node; the entry is then among the running ones.
    """
    queue = RayQueue(Path(root))
    path = queue.running().get(key) or _take(queue, key)
    entry = read_entry(path) if path else None
    if not path or not entry:
        return None
    code = None if _is_over(queue, entry) else _supervise(queue, path, entry)
    queue.finish(key)
    return code


def _take(queue: RayQueue, key: str) -> Path | None:
    waiting = queue.waiting().get(key)
    return queue.take(waiting) if waiting else None


def _is_over(queue: RayQueue, entry: QueueEntry) -> bool:
    return queue.stop_file(entry.key).exists() or is_finished(RunDir(entry.directory), entry.attempt)


def _supervise(queue: RayQueue, path: Path, entry: QueueEntry) -> int:
    claim = JobRun(job=f"ray {queue.root} {entry.key}", run=entry.starts)
    child = start_supervisor(entry.task, claim.environment | hidden_gpus(entry.resources), stop_with_parent=True)
    started = {"supervisor": ProcessId.of(child.pid), "starts": entry.starts + 1}
    replace_file(path, entry.model_copy(update=started).model_dump_json())
    return _wait(child, queue.stop_file(entry.key))


def hidden_gpus(resources: Resources) -> dict[str, str]:
    """Return variables that hide GPUs from an attempt without any: a Ray process sees all GPUs of its node."""
    return {} if resources.gpus else {"CUDA_VISIBLE_DEVICES": ""}


def _wait(child: subprocess.Popen[bytes], stop: Path) -> int:
    signalled = False
    while True:
        try:
            return child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        if stop.exists() and not signalled:
            child.send_signal(signal.SIGTERM)
            signalled = True
