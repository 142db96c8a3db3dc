"""Hands one array to sbatch, laid out as submitit's jobs expect it, and tells apart why sbatch would not take it.

submitit itself would need srun on the machine that submits, takes any number after "job" in a site's banner for the
job's, and waits for sbatch without end.
"""

import contextlib
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from submitit.core.utils import DelayedSubmission, JobPaths

from orchestrator.backends.slurm.commands import CommandResult, NoReply, call, error_line
from orchestrator.backends.slurm.replies import read_submitted
from orchestrator.backends.slurm.script import ENDLESS, JobArray
from orchestrator.backends.slurm.task import SupervisedAttempt
from orchestrator.errors import BackendError, SetupError
from orchestrator.store.layout import writing

SUBMIT_SECONDS = 300.0
"""sbatch itself tries again for minutes while a controller is busy."""

CLUSTER = ("SLURM_CONF", "SLURM_CLUSTERS")
OF_A_JOB = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "MASTER_", "RANK", "WORLD_SIZE", "LOCAL_")

LIMIT = re.compile(
    r"\b(Assoc|QOS)(Grp|Max)Submit\w*|MaxSubmitJobs|MaxSubmitPU|MaxJobCount|"
    r"temporarily unable to accept job|Resource temporarily unavailable"
)
"""How SLURM says that there are too many jobs at present."""

UNCERTAIN = ("timed out", "Zero Bytes", "Connection reset", "Broken pipe", "Unexpected message")
"""What sbatch says when it does not know itself whether the controller took the job."""

TRANSIENT = (
    "Unable to contact",
    "Connection refused",
    "Connection timed out",
    "No route to host",
    "not connected",
    "connect failure",
    "connection failure",
    "standby",
    "try again",
    "try later",
    "Munge",
)
"""What SLURM says when the same command may succeed later."""

WAYS_OUT = {
    "nvalid account": "write account, partition or qos into the profile",
    "job submit limit": "no job of yours is in the way, so the job itself is too large or too long; ask for less "
    "with the resources of the sweep, or minutes of the profile",
    "partition": "write partition into the profile",
    "qos": "write qos into the profile",
    "node configuration": "compare the resources of the sweep, and gpu_type, constraint and flags of the profile, with "
    "what the cluster has",
    "ime limit": "write less minutes into the profile",
}
"""What a person can do about a refusal, by a word in it."""


class Limit(Enum):
    """Why an array is too large: there are too many jobs now, perhaps so, or no array may be so large."""

    TRANSIENT = "passing"
    UNCLEAR = "unclear"
    ARRAY = "array"


OTHER_LIMITS = {"job submit limit": Limit.UNCLEAR, "Invalid job array specification": Limit.ARRAY}
"""The first is also said of jobs that are too large or too long for any time."""


class AtLimit(BackendError):
    """SLURM does not take so many jobs together, and has nothing of the array."""

    def __init__(self, what: str, kind: Limit) -> None:
        self.kind = kind
        super().__init__(what, retryable=True)


class Refused(BackendError):
    """SLURM did not take an array, and has nothing of it."""


class SubmissionFiles(NamedTuple):
    """The files of one submission before it has a number: the script, and one pickle for each job."""

    script: Path
    pickles: tuple[Path, ...]

    def remove(self) -> None:
        """Remove what was written for a submission that did not come to be."""
        for path in (self.script, *self.pickles):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.script.parent.rmdir()


def submit_array(array: JobArray) -> list[str]:
    """Submit an array and return the keys of its jobs, in order.

    Raises AtLimit or Refused where SLURM has nothing of it, SetupError where sbatch cannot be run, and any other
    BackendError where nobody knows: jobs that do start then find no pickle, and end.
    """
    with writing(array.folder):
        files = _written(array)
    try:
        told = call(("sbatch", str(files.script)), outside_any_job(os.environ), SUBMIT_SECONDS)
        key = _key(told)
    except (AtLimit, Refused, SetupError):
        files.remove()
        raise
    with writing(array.folder):
        return _moved(array, files, key)


def _written(array: JobArray) -> SubmissionFiles:
    array.folder.mkdir(parents=True, exist_ok=True)
    pickles = []
    for task in array.tasks:
        delayed = DelayedSubmission(SupervisedAttempt(str(array.path_inside(task.directory)), task.attempt))
        delayed.set_timeout(array.parameters["time"], ENDLESS)
        pickles.append(array.folder / f"{uuid.uuid4().hex}.pkl")
        delayed.dump(pickles[-1])
    script = array.folder / f".submission_file_{uuid.uuid4().hex}.sh"
    script.write_text(array.script, encoding="utf-8")
    return SubmissionFiles(script, tuple(pickles))


def _moved(array: JobArray, files: SubmissionFiles, key: str) -> list[str]:
    """Give the files the names under which the jobs look for them."""
    number, _, cluster = key.partition("@")
    alone = len(array.tasks) == 1
    names = [number if alone else f"{number}_{index}" for index in range(len(array.tasks))]
    for name, pickle in zip(names, files.pickles, strict=True):
        JobPaths(array.folder, job_id=name).move_temporary_file(pickle, "submitted_pickle")
    JobPaths(array.folder, job_id=names[0]).move_temporary_file(files.script, "submission_file")
    return [f"{name}@{cluster}" if cluster else name for name in names]


def _key(told: CommandResult) -> str:
    """Return the key of what was submitted. Raises BackendError."""
    if told.code == 0:
        key = read_submitted(told.output)
        if key is None:
            said = error_line(told)
            raise NoReply(f"sbatch: printed no job number: {said}", retryable=True)
        return key
    raise refusal(told)


def refusal(told: CommandResult) -> BackendError:
    """Return what it means that sbatch failed."""
    said, why = told.errors + told.output, f"sbatch: {error_line(told)}"
    if LIMIT.search(said):
        return AtLimit(why, Limit.TRANSIENT)
    if told.code < 0 or any(word in said for word in UNCERTAIN):
        return NoReply(why, retryable=True)
    if any(word in said for word in TRANSIENT):
        return Refused(why, retryable=True)
    found = next((kind for word, kind in OTHER_LIMITS.items() if word in said), None)
    return AtLimit(why, found) if found else Refused(with_way_out(why), retryable=False)


def with_way_out(why: str) -> str:
    """Return a refusal and what a person can do about it."""
    way_out = next((way_out for word, way_out in WAYS_OUT.items() if word in why), "")
    return f"{why}; {way_out}" if way_out else why


def outside_any_job(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what an enclosing job left in it, which sbatch would read as options.

    The choice of cluster stays.
    """
    return {name: value for name, value in environment.items() if name in CLUSTER or not name.startswith(OF_A_JOB)}


def is_transient(told: str, words: Sequence[str] = (*UNCERTAIN, *TRANSIENT)) -> bool:
    """Return whether the command that said this may succeed later."""
    return any(word in told for word in words)
