"""The supervisor: runs one attempt and ensures that no other process runs the same trial.

    python -m orchestrator.supervise TRIAL_DIR ATTEMPT

It acquires the trial's lease, starts the worker in a process group of its own, renews the lease, forwards signals, and
completes record.json even if the worker could not. Its exit code is the worker's: 0 done, 2 user error, 75 run again,
anything else failed. If the supervisor dies, the kernel kills the worker.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.store.lease import BEAT_SECONDS, TTL_SECONDS, Lease, acquire
from orchestrator.store.new_attempt import add_attempt
from orchestrator.supervisor.command import FORWARDED, environment, python_module, signal_on_parent_death
from orchestrator.supervisor.ending import AttemptEnding, classify, last_line, write_ending
from orchestrator.supervisor.takeover import take_over
from trainer.config.job import Job, read_job
from trainer.errors import ExitCode
from trainer.files import replace_file
from trainer.record import BEGAN_VARIABLE, RunDir, State
from trainer.recording.fence import TOKEN_VARIABLE
from trainer.recording.requests import is_cancelled

POLL_SECONDS = 0.2
STOP_GRACE_SECONDS = 180.0
END_SECONDS = 10.0


@dataclass
class SignalQueue:
    """Signals received, and when the first one arrived."""

    waiting: list[int] = field(default_factory=list)
    received: set[int] = field(default_factory=set)
    first: float | None = None

    def listen(self) -> None:
        """Handle the forwarded signals (main thread only), starting with those blocked so far."""
        for number in FORWARDED:
            signal.signal(number, self.put)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)

    def put(self, number: int, _frame: FrameType | None = None) -> None:
        """Queue a signal."""
        self.waiting.append(number)
        self.received.add(number)
        self.first = self.first or time.monotonic()

    @property
    def is_overdue(self) -> bool:
        """Return whether the worker's time to save and stop is over."""
        return self.first is not None and time.monotonic() - self.first > STOP_GRACE_SECONDS


def main(arguments: list[str], signals: SignalQueue | None = None) -> int:
    """Run one attempt and return its exit code. Pass `signals` to see which signals arrived."""
    run, attempt, signals = RunDir(Path(arguments[0]).resolve()), int(arguments[1]), signals or SignalQueue()
    signals.listen()
    try:
        lease = acquire(run.path)
    except LeaseHeld as held:
        sys.stderr.write(f"{held}; nothing to do here\n")
        return ExitCode.RUN_AGAIN
    try:
        return _run(run, attempt, lease, signals)
    except LeaseSuperseded as lost:
        sys.stderr.write(f"{lost}; the worker was killed\n")
        return ExitCode.RUN_AGAIN
    finally:
        lease.release()


def _run(run: RunDir, attempt: int, lease: Lease, signals: SignalQueue) -> int:
    take_over(run, lease)
    job = _own_job(run, attempt, lease)
    if job is None:
        sys.stderr.write(f"{run.job(attempt)}: missing, or not a valid job\n")
        return ExitCode.USER_ERROR
    if signals.waiting or is_cancelled(run, attempt):
        stopped = classify(ExitCode.RUN_AGAIN, True, is_cancelled(run, attempt))
        write_ending(run, job, ExitCode.RUN_AGAIN, AttemptEnding(stopped.state, "stopped before it began"), lease)
        return ExitCode.RUN_AGAIN
    worker = _start(run, job)
    try:
        code = _watch(worker, lease, signals, lambda: is_cancelled(run, job.attempt))
    finally:
        _end(worker)
    cancelled = is_cancelled(run, job.attempt)
    ending = classify(code, bool(signals.first), cancelled, last_line(run.log(job.attempt)))
    record = write_ending(run, job, code, ending, lease)
    return _exit_code(code, record.state)


def _exit_code(code: int, state: State) -> int:
    """Return the supervisor's exit code for a worker's; a worker that was done before a signal killed it is done."""
    if state is State.DONE:
        return 0
    if code >= 0:
        return code
    return ExitCode.RUN_AGAIN if state is State.PREEMPTED else 128 - code


def _own_job(run: RunDir, attempt: int, lease: Lease) -> Job | None:
    """Return the job with this lease's token; an attempt that has run before (a requeue) becomes a new one."""
    job = read_job(run.job(attempt))
    if job is None:
        return None
    job = job.model_copy(update={"token": lease.token})
    if not run.record(attempt).exists():
        replace_file(run.job(attempt), job.model_dump_json(indent=1), lease)
        return job
    while not add_attempt(run, job := job.model_copy(update={"attempt": max(run.attempts()) + 1}), lease):
        pass
    return job


def _start(run: RunDir, job: Job) -> subprocess.Popen[bytes]:
    """Start the worker as the leader of a process group; the kernel kills it if this process dies."""
    command = [*worker_command(), "--dir", str(run.path), "--attempt", str(job.attempt)]
    with run.log(job.attempt).open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(_worker_variables(job)),
            process_group=0,
            preexec_fn=signal_on_parent_death(signal.SIGKILL),
        )


def _worker_variables(job: Job) -> dict[str, str]:
    """Return the variables set for the worker: its threads, its token, and when its job started to occupy its slot."""
    began = psutil.Process().create_time()
    threads, token = str(job.options.threads), str(job.token)
    return {"OMP_NUM_THREADS": threads, TOKEN_VARIABLE: token, BEGAN_VARIABLE: repr(began)}


def worker_command() -> list[str]:
    """Return the command of the worker. ADASWEEP_WORKER replaces it (with a scripted one, in tests)."""
    replacement = os.environ.get("ADASWEEP_WORKER")
    return shlex.split(replacement) if replacement else [*python_module("trainer"), "run"]


def _watch(
    worker: subprocess.Popen[bytes], lease: Lease, signals: SignalQueue, is_cancelled: Callable[[], bool]
) -> int:
    """Renew the lease and forward signals until the worker ends; return its exit code.

    Another user, or a process on another host, cannot send a signal; cancellations are therefore also read from a file.
    Raises LeaseSuperseded after killing the worker.
    """
    renewed = checked = time.monotonic()
    while True:
        try:
            return worker.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        while signals.waiting:
            worker.send_signal(signals.waiting.pop(0))
        if signals.is_overdue:
            os.killpg(worker.pid, signal.SIGKILL)
        if time.monotonic() - checked > BEAT_SECONDS:
            checked = time.monotonic()
            if signals.first is None and is_cancelled():
                signals.put(signal.SIGTERM)
        if time.monotonic() - renewed > BEAT_SECONDS and _beat(worker, lease, time.monotonic() - renewed):
            renewed = time.monotonic()


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the worker: none of its processes may outlive the lease."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.wait(END_SECONDS)


def _beat(worker: subprocess.Popen[bytes], lease: Lease, silent_seconds: float) -> bool:
    """Renew the lease; return whether that worked. Kill the worker if the lease is lost or about to expire."""
    try:
        lease.beat()
    except LeaseSuperseded:
        os.killpg(worker.pid, signal.SIGKILL)
        raise
    except OSError as error:
        if silent_seconds < TTL_SECONDS - 2 * BEAT_SECONDS:
            return False
        os.killpg(worker.pid, signal.SIGKILL)
        raise LeaseSuperseded(f"{lease.directory}: not renewed for {silent_seconds:.0f} s ({error})") from error
    return True
