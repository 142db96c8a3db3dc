"""The task of a SLURM job on its node: run the attempt, and request a requeue before the time limit or a preemption.

submitit pickles a SupervisedAttempt (two plain values) and calls it on the node. The supervisor then handles signals.
SIGUSR2 is sent before the time limit and before a preemption: the job requests a requeue. SIGTERM is sent on a
cancellation, or by a preemption with which SLURM deals itself: it does not.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from submitit.helpers import DelayedSubmission

from orchestrator.plan.decide import Rules
from orchestrator.store.attempt_state import is_finished, stuck
from orchestrator.store.lease import JobRun
from orchestrator.supervisor import supervise
from trainer.config.job import read_job
from trainer.errors import ExitCode
from trainer.record import RunDir
from trainer.recording.attempt_history import attempt_history
from trainer.recording.requests import is_cancelled, stops

REQUEUE_SIGNAL = signal.SIGUSR2
REQUEUE_SECONDS = 60


@dataclass(frozen=True)
class SupervisedAttempt:
    """One attempt at the trial in `directory`, as a callable for submitit."""

    directory: str
    attempt: int

    def __call__(self) -> None:
        """Run the attempt and exit with the supervisor's exit code."""
        sys.exit(carry_out(RunDir(Path(self.directory)), self.attempt))

    def checkpoint(self) -> DelayedSubmission:
        """Return the callable of a requeued job, this one. submitit calls this for signals before the supervisor's."""
        return DelayedSubmission(self)


def carry_out(run: RunDir, attempt: int) -> int:
    """Supervise one attempt, request a requeue if necessary, and return the exit code."""
    if is_finished(run, attempt):
        return 0
    os.environ.update(claim(os.environ).environment)
    signals = supervise.SignalQueue()
    code = supervise.main([str(run.path), str(attempt)], signals)
    if code == ExitCode.RUN_AGAIN and REQUEUE_SIGNAL in signals.received and is_worth_requeueing(run, attempt):
        requeue(os.environ)
    return code


def is_worth_requeueing(run: RunDir, attempt: int) -> bool:
    """Return whether running again may help: not after a cancellation or many runs without progress."""
    numbers = [number for number in run.attempts() if number >= attempt]
    job = read_job(run.job(attempt))
    if job and job.sweep in stops(run):
        return False
    stalls = stuck(attempt_history(run, numbers)).stalls
    return stalls < Rules().stalls_allowed and not any(is_cancelled(run, number) for number in numbers)


def claim(environment: Mapping[str, str]) -> JobRun:
    """Return the job and the number of this run: SLURM has given up earlier runs."""
    job = f"slurm {environment.get('SLURM_CLUSTER_NAME', '')} {environment['SLURM_JOB_ID']}"
    return JobRun(job=job, run=int(environment.get("SLURM_RESTART_COUNT", "0")))


def requeue(environment: Mapping[str, str]) -> None:
    """Requeue this job. If that fails, the job ends and `run` resubmits it."""
    command = ["scontrol", "requeue", environment["SLURM_JOB_ID"]]
    try:
        done = subprocess.run(command, capture_output=True, timeout=REQUEUE_SECONDS, check=False)
        message = done.stderr.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{error}: the job ends without a requeue; `adasweep run` resubmits it\n"
    sys.stderr.write(message)
