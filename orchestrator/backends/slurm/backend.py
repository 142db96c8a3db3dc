"""The SLURM backend: attempts with equal requirements form one array, laid out for submitit; one poll gets all states.

submitit's own job states are not used: it treats NODE_FAIL as final, although SLURM requeues such jobs.
"""

import math
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.backends.base import JobLimit, NotAllSubmitted, Submission
from orchestrator.backends.slurm.commands import RunCommand, cluster_option, is_transient, run_slurm_command
from orchestrator.backends.slurm.early_failures import record_early_failure
from orchestrator.backends.slurm.poll import Poller
from orchestrator.backends.slurm.profile import NodeSize, Profile, chosen_profile
from orchestrator.backends.slurm.replies import JOB, by_cluster
from orchestrator.backends.slurm.script import JobArray, array_of, arrays, job_minutes
from orchestrator.backends.slurm.states import UNSETTLED, JobRow, meaning
from orchestrator.backends.slurm.submission import AtLimit, Limit, Refused, submit_array, with_way_out
from orchestrator.errors import BackendError, SetupError
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from orchestrator.store.private import private_place, require_private
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.config.node_power import NodePower
from trainer.errors import UserError
from trainer.record import State

RUNAWAY_SECONDS = 600.0
"""How long a job may be queued or running according to sacct alone before it counts as lost."""

NEEDED = ("sbatch", "squeue", "scancel")


@dataclass
class SlurmBackend:
    """The cluster that sbatch and squeue on this machine use."""

    store: Store
    profile: Profile
    run_command: RunCommand = run_slurm_command
    python: str = sys.executable
    name: str = "slurm"
    poller: Poller = field(init=False)
    _unsettled: dict[str, float] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _is_watching: bool = False
    _together: int = 0

    def __post_init__(self) -> None:
        self.poller = Poller(self.profile.poll_seconds, self.run_command)
        self._together = self.profile.array_limit

    def require_usable(self) -> None:
        """Raise SetupError if SLURM's commands are not on the path."""
        for command in NEEDED:
            if not shutil.which(command):
                raise SetupError(command, "is not on the path", "run adasweep on a login node of the cluster")

    @property
    def power(self) -> NodePower | None:
        """Return the power of a node, if the profile says it."""
        return self.profile.power

    def render(self, tasks: Sequence[Task]) -> Submission:
        scripts = "\n".join(_listed(array) + array.script for array in self._arrays(tasks))
        return Submission(tuple(tasks), _watching(self.profile) + scripts)

    def submit(self, submission: Submission) -> list[Handle]:
        """Submit all arrays, split into smaller ones if SLURM does not accept them.

        Raises NotAllSubmitted if it accepts no more jobs.
        """
        self._together = min(self.profile.array_limit, 2 * self._together)
        handles: dict[Task, Handle] = {}
        for array in self._arrays(submission.tasks):
            try:
                self._submit(array.tasks, handles)
            except (BackendError, UserError) as error:
                sure = isinstance(error, (AtLimit, Refused, SetupError))
                raise NotAllSubmitted(error, handles.values(), () if sure else _remaining(array, handles)) from None
        return [handles[task] for task in submission.tasks]

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        rows = self.poller.rows({handle.key for handle in handles}) if handles else {}
        self._known |= rows.keys()
        for handle in handles:
            if self._is_watching and handle.key in rows:
                record_early_failure(self.store, self._root, handle, rows[handle.key])
        return {handle: self._state(handle.key, rows.get(handle.key)) for handle in handles}

    def slots(self, _resources: Resources) -> int:
        """Return how many jobs the profile allows at a time; SLURM decides how many run."""
        return self.profile.throttle

    def lacks(self, resources: Resources) -> str:
        """Return which resources exceed the profile's largest node, or that the time limit is too short."""
        for name, most in self.profile.node or ():
            needed = resources.whole_gpus if name == "gpus" else getattr(resources, name)
            if most is not None and needed > most:
                return f"{name}: {needed:g} exceeds the {most:g} of the profile's largest node"
        seconds = self.profile.signal_seconds
        if resources.minutes is None or math.ceil(resources.minutes) * 60 > seconds:
            return ""
        return f"minutes: {resources.minutes:g} is less than the {seconds} s that jobs get to save (signal_seconds)"

    def doubts(self, _resources: Resources) -> str:
        """Return "": `lacks` says all that is known."""
        return ""

    def limit(self, resources: Resources) -> JobLimit:
        """Return the time limit of a job: that of its resources, at most that of the profile."""
        minutes = job_minutes(resources, self.profile)
        is_own = resources.minutes is not None and minutes < self.profile.minutes
        key = "resources.minutes" if is_own else "minutes of the profile"
        return JobLimit(minutes * 60.0, float(self.profile.signal_seconds), key)

    def maintain(self) -> None:
        """Record from now on the failure of jobs that end before they begin; SLURM runs its jobs itself."""
        self._is_watching = True

    def cancel(self, handles: Sequence[Handle]) -> None:
        """Cancel pending jobs; send SIGTERM to running ones, which gives them more time to save than KillWait.

        A job whose supervisor does not handle signals yet has nothing to save: it is cancelled, too.
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
        """Submit tasks with equal requirements, as many per array as SLURM accepts; add their handles to `handles`."""
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
                    raise self._classified(limit) from None
                self._together = len(batch) // 2
                continue
            self._known |= set(keys)
            for task, key in zip(batch, keys, strict=True):
                handles[task] = Handle(backend=self.name, key=key, trial=task.trial, attempt=task.attempt)
            waiting = waiting[len(batch) :]

    def _classified(self, limit: AtLimit) -> BackendError:
        """Return `limit`, or a permanent refusal: without other jobs, waiting does not help."""
        is_temporary = limit.kind is Limit.TRANSIENT or (limit.kind is Limit.UNCLEAR and not self._is_idle())
        return limit if is_temporary else Refused(with_way_out(str(limit)), retryable=False)

    def _is_idle(self) -> bool:
        """Return whether the user has no queued or running job where this backend submits."""
        flags = self.profile.flags
        return self.poller.is_idle(str(flags.get("clusters", flags.get("cluster", ""))))

    def _state(self, key: str, row: JobRow | None) -> State:
        if row is not None and self.poller.is_unlisted(key):
            return (
                meaning(row) if self._is_within(key, max(RUNAWAY_SECONDS, self.profile.settle_seconds)) else State.LOST
            )
        if self._may_be_requeued(key, row):
            return State.PENDING
        return State.LOST if row is None else meaning(row)

    def _may_be_requeued(self, key: str, row: JobRow | None) -> bool:
        """Return whether SLURM may still requeue a job that it reports as lost, or report one that it does not list.

        The latter applies only to jobs that were seen before or submitted by this process.
        """
        if (row.word not in UNSETTLED) if row else (key not in self._known):
            self._unsettled.pop(key, None)
            return False
        return self._is_within(key, self.profile.settle_seconds)

    def _is_within(self, key: str, seconds: float) -> bool:
        """Return whether a job has been unsettled for less than `seconds`."""
        now = time.monotonic()
        return now - self._unsettled.setdefault(key, now) < seconds

    def _listens(self, handle: Handle) -> bool:
        """Return whether an attempt's supervisor handles signals: it does so before it acquires the lease."""
        held = holder(self.store.run(handle.trial).path)
        return held is not None and held.is_alive(time.time())

    def _scancel(self, keys: Sequence[str], *options: str) -> None:
        """Call scancel; ignore errors about jobs that have already ended."""
        for cluster, jobs in by_cluster(key for key in keys if JOB.fullmatch(key)).items():
            try:
                self.run_command(["scancel", *cluster_option(cluster), *options, *jobs])
            except BackendError as error:
                if is_transient(str(error)):
                    raise


def _remaining(array: JobArray, handles: dict[Task, Handle]) -> list[Task]:
    """Return the tasks of an array without a handle."""
    return [task for task in array.tasks if task not in handles]


def _watching(profile: Profile) -> str:
    """Return as a comment how jobs are watched, which nodes there are, and their power."""
    times = f"polled every {profile.poll_seconds:g} s, lost after {profile.settle_seconds:g} s without a state"
    known = (profile.node or NodeSize()).model_dump(exclude_none=True)
    largest = ", ".join(f"{name} {size:g}" for name, size in known.items()) or "not known"
    watts = f"; a device draws {profile.power.device_watts:g} W" if profile.power else ""
    return f"# jobs are {times}; largest node: {largest}{watts}\n"


def _listed(array: JobArray) -> str:
    """Return the tasks of an array as comments with ids and numbers only, no text from users."""
    lines = (f"# {index}: {task.trial} attempt {task.attempt}" for index, task in enumerate(array.tasks))
    return "\n".join([f"# {array.name}: {len(array.tasks)} jobs", *lines, ""])


def open_backend(store: Store, _cpus: int | None = None) -> SlurmBackend:
    """Return the SLURM backend of a store with its profile."""
    return SlurmBackend(store, chosen_profile(store.root))
