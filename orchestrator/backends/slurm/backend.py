"""The SLURM backend: trials with equal needs become one array, submitted by submitit; one poll reports all states.

What submitit thinks of a job's state is never asked: it takes NODE_FAIL for the end of jobs which SLURM then reruns.
"""

import math
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.backends.base import Handle, NotAllSubmitted, Submission
from orchestrator.backends.slurm.commands import RunCommand, cluster_option, run_slurm_command
from orchestrator.backends.slurm.early_failures import record_early_failure
from orchestrator.backends.slurm.poll import Poller
from orchestrator.backends.slurm.profile import Profile, chosen_profile
from orchestrator.backends.slurm.replies import JOB, by_cluster
from orchestrator.backends.slurm.script import JobArray, array_of, arrays
from orchestrator.backends.slurm.states import UNSETTLED, JobRow, meaning
from orchestrator.backends.slurm.submission import AtLimit, Limit, Refused, is_transient, submit_array, with_way_out
from orchestrator.errors import BackendError, SetupError
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from orchestrator.store.private import private_place, require_private
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.errors import UserError
from trainer.record import State

NEEDED = ("sbatch", "squeue", "scancel")


@dataclass
class SlurmBackend:
    """The cluster that squeue and sbatch talk to on this machine."""

    store: Store
    profile: Profile
    run_command: RunCommand = run_slurm_command
    python: str = sys.executable
    name: str = "slurm"
    poller: Poller = field(init=False)
    _unsettled: dict[str, float] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _submitted: set[Handle] = field(default_factory=set)
    _together: int = 0

    def __post_init__(self) -> None:
        self.poller = Poller(self.profile.poll_seconds, self.run_command)
        self._together = self.profile.array_limit

    def require_usable(self) -> None:
        """Raise SetupError where SLURM's commands are not on the path."""
        for command in NEEDED:
            if not shutil.which(command):
                raise SetupError(command, "is not on the path", "start adasweep on a login node of the cluster")

    def render(self, tasks: Sequence[Task]) -> Submission:
        text = "\n".join(_listed(array) + array.script for array in self._arrays(tasks))
        return Submission(tuple(tasks), text)

    def submit(self, submission: Submission) -> list[Handle]:
        """Submit every array, in smaller ones where SLURM takes no more at a time.

        Raises NotAllSubmitted where it takes no more at all.
        """
        self._together = min(self.profile.array_limit, 2 * self._together)
        handles: dict[Task, Handle] = {}
        for array in self._arrays(submission.tasks):
            try:
                self._submit(array.tasks, handles)
            except (BackendError, UserError) as error:
                sure = isinstance(error, (AtLimit, Refused, SetupError))
                raise NotAllSubmitted(error, handles.values(), () if sure else _next_of(array, handles)) from None
        return [handles[task] for task in submission.tasks]

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        rows = self.poller.rows({handle.key for handle in handles}) if handles else {}
        self._known |= rows.keys()
        for handle in handles:
            if handle in self._submitted and handle.key in rows:
                record_early_failure(self.store, self._root, handle, rows[handle.key])
        return {handle: self._state(handle.key, rows.get(handle.key)) for handle in handles}

    def slots(self, _resources: Resources) -> int:
        """Return how many jobs the profile lets run at a time; SLURM decides how many of them do."""
        return self.profile.throttle

    def lacks(self, resources: Resources) -> str:
        """Return what no node of the profile has, or whether a job would be asked to save before it can begin."""
        for name, most in self.profile.node or ():
            asked = resources.whole_gpus if name == "gpus" else getattr(resources, name)
            if most is not None and asked > most:
                return f"{name}: {asked:g} are more than the {most:g} of the profile's largest node"
        seconds = self.profile.signal_seconds
        if resources.minutes is None or math.ceil(resources.minutes) * 60 > seconds:
            return ""
        return (
            f"asks for {resources.minutes:g} minutes, but is told to save {seconds} s (signal_seconds) before its end"
        )

    def maintain(self) -> None:
        """Do nothing: SLURM maintains its jobs itself."""

    def cancel(self, handles: Sequence[Handle]) -> None:
        """Cancel what waits; send SIGTERM to what runs, which leaves it more time to save than KillWait would.

        A job whose supervisor does not listen yet might never hear of it and has nothing to save: it is cancelled too.
        """
        keys = [handle.key for handle in handles]
        self._scancel(keys, "--state=PENDING")
        listening = {handle.key for handle in handles if self._listens(handle)}
        self._scancel([key for key in keys if key not in listening])
        self._scancel([key for key in keys if key in listening], "--state=RUNNING", "--signal=TERM")

    def _arrays(self, tasks: Sequence[Task]) -> list[JobArray]:
        return arrays(tasks, self.profile, self._root, self.python)

    def _array(self, tasks: Sequence[Task]) -> JobArray:
        return array_of(tasks, self.profile, self._root, self.python)

    @property
    def _root(self) -> Path:
        return private_place(self.store, self.name)

    def _submit(self, tasks: Sequence[Task], handles: dict[Task, Handle]) -> None:
        """Submit tasks that need the same, as many together as SLURM takes; `handles` gets those that it took."""
        waiting = list(tasks)
        while waiting:
            batch = waiting[: self._together]
            array = self._array(batch)
            with writing(array.folder):
                require_private(array.folder, self.store)
            try:
                keys = submit_array(array)
            except AtLimit as limit:
                if len(batch) == 1:
                    raise self._judged(limit) from None
                self._together = len(batch) // 2
                continue
            self._known |= set(keys)
            for task, key in zip(batch, keys, strict=True):
                handles[task] = Handle(backend=self.name, key=key, trial=task.trial, attempt=task.attempt)
            self._submitted |= {handles[task] for task in batch}
            waiting = waiting[len(batch) :]

    def _judged(self, limit: AtLimit) -> BackendError:
        """Return `limit`, or a refusal for good: where no job is in the way, waiting for one to end does not help."""
        passes = limit.kind is Limit.TRANSIENT or (limit.kind is Limit.UNCLEAR and not self.poller.is_idle())
        return limit if passes else Refused(with_way_out(str(limit)), retryable=False)

    def _state(self, key: str, row: JobRow | None) -> State:
        if self._may_come_back(key, row):
            return State.PENDING
        return State.LOST if row is None else meaning(row)

    def _may_come_back(self, key: str, row: JobRow | None) -> bool:
        """Return whether SLURM may still requeue a job that it reports as lost, or tell of one that it does not name.

        Only a job that was seen before is waited for, or one of this process.
        """
        if (row.word not in UNSETTLED) if row else (key not in self._known):
            self._unsettled.pop(key, None)
            return False
        now = time.monotonic()
        return now - self._unsettled.setdefault(key, now) < self.profile.settle_seconds

    def _listens(self, handle: Handle) -> bool:
        """Return whether an attempt's supervisor is at work: it listens to signals before it takes the lease."""
        held = holder(self.store.run(handle.trial).path)
        return held is not None and held.is_alive(time.time())

    def _scancel(self, keys: Sequence[str], *options: str) -> None:
        """Call scancel. Jobs that have already ended are not an error."""
        for cluster, jobs in by_cluster(key for key in keys if JOB.fullmatch(key)).items():
            try:
                self.run_command(["scancel", *cluster_option(cluster), *options, *jobs])
            except BackendError as error:
                if is_transient(str(error)):
                    raise


def _next_of(array: JobArray, handles: dict[Task, Handle]) -> list[Task]:
    """Return the tasks of an array that have no handle."""
    return [task for task in array.tasks if task not in handles]


def _listed(array: JobArray) -> str:
    """Return the tasks of an array as comments; ids and numbers only, nothing that a person named."""
    lines = (f"# {index}: {task.trial} attempt {task.attempt}" for index, task in enumerate(array.tasks))
    return "\n".join([f"# {array.name}: {len(array.tasks)} jobs", *lines, ""])


def open_backend(store: Store, _cpus: int | None = None) -> SlurmBackend:
    """Return the SLURM backend of a store, with the profile chosen for it."""
    return SlurmBackend(store, chosen_profile(store.root))
