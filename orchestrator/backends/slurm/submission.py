"""Submits one array with sbatch, in the layout that submitit's jobs expect, and classifies refusals.

submitit's own submission is not used: it needs srun on the submitting machine, takes any number after "job" in a site's
banner for the job number, and has no timeout for sbatch.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from submitit.core.utils import DelayedSubmission, JobPaths

from orchestrator.backends.slurm.commands import TRANSIENT, UNCERTAIN, CommandResult, NoReply, call, error_line
from orchestrator.backends.slurm.replies import read_submitted
from orchestrator.backends.slurm.script import ENDLESS, JobArray
from orchestrator.backends.slurm.task import SupervisedAttempt
from orchestrator.errors import BackendError, SetupError
from orchestrator.store.layout import writing
from trainer.files import temporary_name

SUBMIT_SECONDS = 300.0
"""sbatch itself retries for minutes while a controller is busy."""

CLUSTER = ("SLURM_CONF", "SLURM_CLUSTERS")
OF_A_JOB = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "MASTER_", "RANK", "WORLD_SIZE", "LOCAL_")

LIMIT = re.compile(
    r"\b(Assoc|QOS)(Grp|Max)Submit\w*|MaxSubmitJobs|MaxSubmitPU|MaxJobCount|"
    r"temporarily unable to accept job|Resource temporarily unavailable"
)
"""SLURM's messages about too many jobs at present."""

PASSING = (
    "(inactive or drain)",
    "(down, drained or reserved)",
    "nodes are busy",
    "not usable now",
    "presently disabled",
    "I/O error writing script",
)
"""Messages of sbatch if the cluster, or a part of it, takes no jobs at present."""

RETRYING = "and retrying"
"""Part of the lines in which sbatch reports that it tries again by itself."""

WAYS_OUT = {
    "Minutes": "the job is longer than what is left of a budget, or than a job may be; set account or qos in the "
    "profile, or reduce the resources of the sweep, or minutes in the profile",
    "nvalid account": "set account, partition or qos in the profile",
    "job submit limit": "you have no other jobs, so the job itself is too large or too long; reduce "
    "the resources of the sweep, or minutes in the profile",
    "partition": "set partition in the profile",
    "qos": "set qos in the profile",
    "node configuration": "compare the resources of the sweep, and gpu_type, constraint and flags of the profile, with "
    "what the cluster has",
    "ime limit": "set fewer minutes in the profile",
}
"""Ways out of a refusal, by a part of its message."""


class Limit(Enum):
    """Why an array is refused: too many jobs now, possibly that, or an array larger than allowed."""

    TRANSIENT = "passing"
    UNCLEAR = "unclear"
    ARRAY = "array"


OTHER_LIMITS = {"job submit limit": Limit.UNCLEAR, "Invalid job array specification": Limit.ARRAY}
"""The first message also appears for jobs that exceed a limit permanently."""


class AtLimit(BackendError):
    """SLURM refused an array because of a limit; no job was submitted."""

    def __init__(self, message: str, kind: Limit) -> None:
        self.kind = kind
        super().__init__(message, retryable=True)


class Refused(BackendError):
    """SLURM refused an array; no job was submitted."""


class SubmissionFiles(NamedTuple):
    """The files of a submission that has no job number yet: the script, and one pickle per job.

    They have the names of temporary files, so that the next command removes those of one that was killed.
    """

    script: Path
    pickles: tuple[Path, ...]

    def remove(self) -> None:
        """Remove the files of a failed submission."""
        for path in (self.script, *self.pickles):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.script.parent.rmdir()


def submit_array(array: JobArray) -> list[str]:
    """Submit an array and return the keys of its jobs, in order.

    Raises AtLimit or Refused if no job was submitted, SetupError if sbatch cannot be run, and another BackendError if
    the outcome is unknown: jobs that start nevertheless find no pickle, and end.
    """
    with writing(array.folder):
        files = _write(array)
    try:
        result = call(("sbatch", str(files.script)), outside_any_job(os.environ), SUBMIT_SECONDS)
        key = _key(result)
    except (AtLimit, Refused, SetupError):
        files.remove()
        raise
    with writing(array.folder):
        return _rename(array, files, key)


def _write(array: JobArray) -> SubmissionFiles:
    array.folder.mkdir(parents=True, exist_ok=True)
    pickles = []
    for task in array.tasks:
        delayed = DelayedSubmission(SupervisedAttempt(str(array.path_inside(task.directory)), task.attempt))
        delayed.set_timeout(array.parameters["time"], ENDLESS)
        pickles.append(temporary_name(array.folder / "job.pkl"))
        delayed.dump(pickles[-1])
    script = temporary_name(array.folder / "submission.sh")
    script.write_text(array.script, encoding="utf-8")
    return SubmissionFiles(script, tuple(pickles))


def _rename(array: JobArray, files: SubmissionFiles, key: str) -> list[str]:
    """Give the files the names that the jobs expect."""
    number, _, cluster = key.partition("@")
    is_single = len(array.tasks) == 1
    names = [number if is_single else f"{number}_{index}" for index in range(len(array.tasks))]
    for name, pickle in zip(names, files.pickles, strict=True):
        JobPaths(array.folder, job_id=name).move_temporary_file(pickle, "submitted_pickle")
    JobPaths(array.folder, job_id=names[0]).move_temporary_file(files.script, "submission_file")
    return [f"{name}@{cluster}" if cluster else name for name in names]


def _key(result: CommandResult) -> str:
    """Return the key of the submitted job. Raises BackendError."""
    if result.code == 0:
        key = read_submitted(result.output)
        if key is None:
            raise NoReply(f"sbatch: printed no job number: {error_line(result)}", retryable=True)
        return key
    raise refusal(result)


def refusal(result: CommandResult) -> BackendError:
    """Return the error that a failure of sbatch means."""
    output, why = _final(result.errors + result.output), f"sbatch: {error_line(result)}"
    if LIMIT.search(output):
        return AtLimit(why, Limit.TRANSIENT)
    if result.code < 0 or any(phrase in output for phrase in UNCERTAIN):
        return NoReply(why, retryable=True)
    if any(phrase in output for phrase in (*TRANSIENT, *PASSING)):
        return Refused(why, retryable=True)
    found = next((kind for phrase, kind in OTHER_LIMITS.items() if phrase in output), None)
    return AtLimit(why, found) if found else Refused(with_way_out(why), retryable=False)


def _final(output: str) -> str:
    """Return output without sbatch's reports of its own retries, unless there is nothing else."""
    lines = output.splitlines()
    return "\n".join([line for line in lines if RETRYING not in line] or lines)


def with_way_out(why: str) -> str:
    """Return a refusal with its way out, if there is one."""
    way_out = next((way_out for word, way_out in WAYS_OUT.items() if word in why), "")
    return f"{why}; {way_out}" if way_out else why


def outside_any_job(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables of an enclosing job, which sbatch would read as options.

    The choice of cluster is kept.
    """
    return {name: value for name, value in environment.items() if name in CLUSTER or not name.startswith(OF_A_JOB)}
