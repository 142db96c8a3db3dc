"""The SLURM backend: trials with equal needs become one array, submitted by submitit; one poll reports all states.

What submitit thinks of a job's state is never asked: it takes NODE_FAIL for the end of jobs which SLURM then reruns.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError

from orchestrator.backends.base import Handle, Submission
from orchestrator.backends.slurm.poll import Ask, Poller, ask_slurm
from orchestrator.backends.slurm.profile import Profile, chosen_profile
from orchestrator.backends.slurm.script import JobArray, arrays
from orchestrator.backends.slurm.states import UNSETTLED, JobRow, meaning
from orchestrator.backends.slurm.task import SupervisedAttempt
from orchestrator.errors import BackendError
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from orchestrator.store.private import private_place, require_private
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.record import State

PASSING = (
    "Unable to contact",
    "timed out",
    "Connection refused",
    "try again",
    "Zero Bytes",
    "SubmitJobs",
    "SubmitLimit",
)
"""What SLURM says when the same command may succeed later."""


@dataclass
class SlurmBackend:
    """The cluster that squeue and sbatch talk to on this machine."""

    store: Store
    profile: Profile
    ask: Ask = ask_slurm
    python: str = sys.executable
    name: str = "slurm"
    poller: Poller = field(init=False)
    _unsettled: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.poller = Poller(self.profile.poll_seconds, self.ask)

    def render(self, tasks: Sequence[Task]) -> Submission:
        text = "\n".join(_listed(array) + array.script for array in self._arrays(tasks))
        return Submission(tuple(tasks), text)

    def submit(self, submission: Submission) -> list[Handle]:
        """Submit every array. Where one fails, those before it are cancelled.

        A job of which sbatch could not tell finds nothing to do when it starts, and ends.
        """
        keys: dict[Task, str] = {}
        for array in self._arrays(submission.tasks):
            try:
                keys |= zip(array.tasks, self._submit(array), strict=True)
            except BackendError:
                with contextlib.suppress(BackendError):
                    self._scancel(list(keys.values()))
                raise
        return [
            Handle(backend=self.name, key=keys[task], trial=task.trial, attempt=task.attempt)
            for task in submission.tasks
        ]

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        rows = self.poller.rows({handle.key for handle in handles}) if handles else {}
        return {handle: self._state(handle.key, rows.get(handle.key)) for handle in handles}

    def slots(self, _resources: Resources) -> int:
        """Return how many jobs the profile lets run at a time; SLURM decides how many of them do."""
        return self.profile.throttle

    def lacks(self, _resources: Resources) -> str:
        """Return nothing: what a partition has, SLURM alone knows."""
        return ""

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
        return arrays(tasks, self.profile, private_place(self.store, self.name), self.python)

    def _submit(self, array: JobArray) -> list[str]:
        work = [SupervisedAttempt(str(task.directory), task.attempt) for task in array.tasks]
        try:
            with writing(array.folder), outside_any_job():
                require_private(array.folder, self.store)
                jobs = array.executor.submit_array(work)
        except (FailedJobError, FailedSubmissionError, subprocess.SubprocessError) as error:
            told = " ".join(str(error).split())[-500:]
            raise BackendError(f"sbatch: {told}", retryable=_may_pass(told)) from None
        return [str(job.job_id) for job in jobs]

    def _state(self, key: str, row: JobRow | None) -> State:
        if row is None:
            return State.LOST
        return State.PENDING if self._may_come_back(key, row) else meaning(row)

    def _may_come_back(self, key: str, row: JobRow) -> bool:
        """Return whether SLURM may still requeue a job that it reports as lost."""
        if row.word not in UNSETTLED:
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
        try:
            if keys:
                self.ask(["scancel", *options, *keys])
        except BackendError as error:
            if _may_pass(str(error)):
                raise


def _may_pass(told: str) -> bool:
    return any(word in told for word in PASSING)


def _listed(array: JobArray) -> str:
    """Return the tasks of an array as comments; ids and numbers only, nothing that a person named."""
    lines = (f"# {index}: {task.trial} attempt {task.attempt}" for index, task in enumerate(array.tasks))
    return "\n".join([f"# {array.name}: {len(array.tasks)} jobs", *lines, ""])


@contextlib.contextmanager
def outside_any_job() -> Iterator[None]:
    """Hide the variables of an enclosing job, which sbatch would read as options, but keep the choice of cluster."""
    cluster = {name: os.environ[name] for name in ("SLURM_CONF", "SLURM_CLUSTERS") if name in os.environ}
    with submitit.helpers.clean_env():
        os.environ.update(cluster)
        yield


def open_backend(store: Store, _cpus: int | None = None) -> SlurmBackend:
    """Return the SLURM backend of a store, with the profile chosen for it."""
    return SlurmBackend(store, chosen_profile(store.root))
