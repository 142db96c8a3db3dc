"""The Ray backend: attempts wait in a queue in the store; a driver in the cluster submits them to Ray.

States are derived from the queue's files and the trials' records; Ray is only asked whether the driver is alive.
"""

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from orchestrator.backends.base import Submission
from orchestrator.backends.queue import QueueEntry, discard
from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.backends.ray.task import RayQueue
from orchestrator.errors import BackendError
from orchestrator.store.attempt_state import FINAL
from orchestrator.store.frozen_code import module_in
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from orchestrator.store.private import private_place, require_private
from orchestrator.supervisor.command import Task, environment, python_module, supervisor_command
from orchestrator.supervisor.ending import record_never_started
from trainer.config.job import Resources
from trainer.config.node_power import NodePower
from trainer.files import replace_file
from trainer.record import State, read_record

DRIVER_CHECK_SECONDS = 2.0
FORWARDED_PREFIXES = ("ADASWEEP_", "OMP_", "MLFLOW_")
LEAVE_CHILDREN = {"RAY_kill_child_processes_on_worker_exit": "0"}
"""When a Ray worker ends with its driver, its supervisor gets time to save."""


class RayBackend:
    """A queue in the store, served by a Ray job."""

    name = "ray"
    power: NodePower | None = None

    def __init__(self, store: Store, jobs: RayJobs) -> None:
        self.store = store
        self.jobs = jobs
        self.queue = RayQueue(private_place(store, self.name))
        self._checked = float("-inf")

    def slots(self, resources: Resources) -> int:
        self._require_answer()
        by_cpu = self.jobs.total("CPU") // resources.cpus
        by_gpu = self.jobs.total("GPU") // resources.gpus if resources.gpus else by_cpu
        return max(1, int(min(by_cpu, by_gpu)))

    def lacks(self, _resources: Resources) -> str:
        """Return "": a cluster may grow."""
        return ""

    def doubts(self, resources: Resources) -> str:
        needed = {"CPU": resources.cpus, "GPU": resources.gpus}
        try:
            self._require_answer()
            nodes = self.jobs.nodes()
        except BackendError as error:
            return f"not checked whether a node has {_counted(needed)}: {error}"
        if not nodes:
            return f"not checked whether a node has {_counted(needed)}: the cluster does not list its nodes"
        if any(all(node.get(name, 0) >= count for name, count in needed.items()) for node in nodes):
            return ""
        most = "; ".join(sorted({_counted({name: node.get(name, 0) for name in needed}) for node in nodes}))
        return f"no node of the running Ray cluster has {_counted(needed)}: trials wait for one (nodes have {most})"

    def limit(self, _resources: Resources) -> None:
        """Return None: tasks last as long as they need."""

    def render(self, tasks: Sequence[Task]) -> Submission:
        return Submission(
            tuple(tasks), "".join(f"{_needs(task)} {shlex.join(supervisor_command(task))}\n" for task in tasks)
        )

    def require_usable(self) -> None:
        """Raise PlanError if the cluster's address is none, BackendError if nothing answers there."""
        self.jobs.require_address()
        self._require_answer()

    def submit(self, submission: Submission) -> list[Handle]:
        entries = [QueueEntry.of(task) for task in submission.tasks]
        with writing(self.queue.root):
            require_private(self.queue.root, self.store)
            for entry in entries:
                self.queue.put(entry)
        self.maintain()
        return [Handle(backend=self.name, key=entry.key, trial=entry.trial, attempt=entry.attempt) for entry in entries]

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        waiting, running = self.queue.waiting(), self.queue.running()
        return {handle: self._state(handle, handle.key in waiting, handle.key in running) for handle in handles}

    def maintain(self) -> None:
        """Start a driver if the queue needs one."""
        if not (self.queue.waiting() or self.queue.running()) or self._is_served():
            return
        if time.monotonic() - self._checked < DRIVER_CHECK_SECONDS:
            return
        self._checked = time.monotonic()
        if not self._driver or not self.jobs.is_alive(self._driver):
            self._start_driver()

    def cancel(self, handles: Sequence[Handle]) -> None:
        waiting = self.queue.waiting()
        for handle in handles:
            path = waiting.get(handle.key)
            if path and discard(path):
                record_never_started(self.store.run(handle.trial), handle.attempt)
            elif handle.key in self.queue.running():
                replace_file(self.queue.stop_file(handle.key), "")

    def _require_answer(self) -> None:
        """Raise BackendError if the cluster does not answer. It is asked once: every question would wait as long."""
        if self._outage:
            raise BackendError(self._outage, retryable=True)

    @cached_property
    def _outage(self) -> str:
        try:
            self.jobs.require_answer()
        except BackendError as error:
            return str(error)
        return ""

    def _state(self, handle: Handle, waits: bool, runs: bool) -> State:
        if waits or runs:
            return State.PENDING if waits else State.RUNNING
        run = self.store.run(handle.trial)
        attempts = run.attempts()
        record = read_record(run.record(attempts[-1])) if attempts else None
        return record.state if record and record.state in FINAL else State.LOST

    def _is_served(self) -> bool:
        held = holder(self.queue.root)
        return held is not None and held.is_alive(time.time())

    @property
    def _driver_file(self) -> Path:
        return self.queue.root / "driver"

    @property
    def _driver(self) -> str:
        return self._driver_file.read_text(encoding="ascii") if self._driver_file.exists() else ""

    def _start_driver(self) -> None:
        code = self.queue.code()
        command = [*python_module(module_in(code, "orchestrator.backends.ray.driver")), str(self.queue.root)]
        job = self.jobs.submit(shlex.join(command), worker_environment(code))
        replace_file(self._driver_file, job)


def _counted(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{count:g} {name}s" for name, count in resources.items())


def _needs(task: Task) -> str:
    needs = task.resources
    return f"[{needs.cpus} CPUs, {needs.gpus:g} GPUs, {needs.memory_gib:g} GiB]"


def worker_environment(code: Path) -> dict[str, str]:
    """Return the environment variables of drivers and workers."""
    own = {name: value for name, value in os.environ.items() if name.startswith(FORWARDED_PREFIXES)}
    return {**own, "PYTHONPATH": environment(code=code)["PYTHONPATH"], **LEAVE_CHILDREN}


def open_backend(store: Store, _cpus: int | None = None) -> RayBackend:
    """Return the Ray backend of a store, for the cluster set in the environment."""
    return RayBackend(store, RayJobs.of_environment())
