"""Polls SLURM: one squeue for all jobs, and one sacct for those that squeue has forgotten."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.backends.slurm.states import JobRow
from orchestrator.errors import BackendError

SQUEUE = (
    "squeue",
    "--me",
    "--states=all",
    "--array",
    "--noheader",
    "--Format=ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|",
)
SACCT = ("sacct", "--allocations", "--noheader", "--parsable2", "--format=JobID,State,ExitCode")
NO_ACCOUNTING = "accounting storage is disabled"
ANSWER_SECONDS = 60
JOB = re.compile(r"\d+(_\d+)?", re.ASCII)

Ask = Callable[[Sequence[str]], str]
"""Runs a command and returns what it prints. Raises BackendError."""


def ask_slurm(command: Sequence[str]) -> str:
    """Run one of SLURM's commands."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"{command[0]}: {error}", retryable=isinstance(error, subprocess.TimeoutExpired)) from None
    if done.returncode:
        raise BackendError(f"{command[0]}: {' '.join(done.stderr.split())}", retryable=True)
    return done.stdout


@dataclass
class Poller:
    """Remembers the last answers, and asks again at most every `every_seconds`. `calls` counts the commands."""

    every_seconds: float
    ask: Ask = ask_slurm
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    _rows: dict[str, JobRow] = field(default_factory=dict)
    _asked: float | None = None
    _missing: set[str] = field(default_factory=set)

    def rows(self, jobs: Collection[str]) -> dict[str, JobRow]:
        """Return the row of each job that SLURM knows. A new job is polled for at once."""
        jobs = [job for job in jobs if JOB.fullmatch(job)]
        news = [job for job in jobs if job not in self._rows and job not in self._missing]
        if news or self._asked is None or self.clock() - self._asked >= self.every_seconds:
            self._poll(jobs)
        return {job: self._rows[job] for job in jobs if job in self._rows}

    def _poll(self, jobs: Collection[str]) -> None:
        self._rows = parse_squeue(self._run(SQUEUE))
        forgotten = [job for job in jobs if job not in self._rows]
        if forgotten:
            self._rows |= self._from_accounting(forgotten)
        self._missing = {job for job in jobs if job not in self._rows}
        self._asked = self.clock()

    def _from_accounting(self, jobs: Collection[str]) -> dict[str, JobRow]:
        numbers = sorted({job.partition("_")[0] for job in jobs})
        try:
            return parse_sacct(self._run((*SACCT, "--starttime=1970-01-02", f"--jobs={','.join(numbers)}")))
        except BackendError as error:
            if NO_ACCOUNTING in str(error):
                return {}
            raise

    def _run(self, command: Sequence[str]) -> str:
        self.calls += 1
        return self.ask(command)


def parse_squeue(text: str) -> dict[str, JobRow]:
    """Return the rows of squeue by job: `123`, or `123_4` for an array's element. The code is that of wait(2)."""
    rows = {}
    for line in text.splitlines():
        job, index, word, status, *_ = (part.strip() for part in line.split("|"))
        key = job if index in ("N/A", "") else f"{job}_{index}"
        rows[key] = _row(word, int(status))
    return rows


def _row(word: str, status: int) -> JobRow:
    code = os.waitstatus_to_exitcode(status & 0xFFFF)
    return JobRow(word, max(0, code), max(0, -code))


def parse_sacct(text: str) -> dict[str, JobRow]:
    """Return the rows of sacct by job. What waits in an array may stand in one row: `85_[8-63%4]`."""
    rows: dict[str, JobRow] = {}
    for line in text.splitlines():
        job, state, code, *_ = line.split("|")
        number, _, signal = code.partition(":")
        row = JobRow(state.split()[0], int(number or 0), int(signal or 0))
        rows |= dict.fromkeys(_keys(job), row)
    return rows


def _keys(job: str) -> Iterator[str]:
    match = re.fullmatch(r"(\d+)_\[([\d,-]+)(?:%\d+)?\]", job)
    if not match:
        yield job
        return
    for part in match[2].split(","):
        first, _, last = part.partition("-")
        yield from (f"{match[1]}_{index}" for index in range(int(first), int(last or first) + 1))
