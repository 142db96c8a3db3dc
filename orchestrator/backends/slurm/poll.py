"""Polls SLURM: one squeue for all jobs of a cluster, and one sacct for those that squeue has forgotten."""

import logging
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from orchestrator.backends.slurm.commands import RunCommand, cluster_option, run_slurm_command
from orchestrator.backends.slurm.replies import JOB, ParsedRows, by_cluster, read_sacct, read_squeue
from orchestrator.backends.slurm.states import JobRow, meaning
from orchestrator.errors import BackendError
from trainer.errors import printable
from trainer.record import State

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
SHOWN_CHARACTERS = 100


@dataclass
class Poller:
    """Remembers the last answers, and asks again at most every `every_seconds`. `calls` counts the commands."""

    every_seconds: float
    run_command: RunCommand = run_slurm_command
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    _rows: dict[str, JobRow] = field(default_factory=dict)
    _asked: float | None = None
    _missing: set[str] = field(default_factory=set)
    _reported: set[str] = field(default_factory=set)

    def rows(self, jobs: Collection[str]) -> dict[str, JobRow]:
        """Return the row of each job that SLURM knows. A new job is polled for at once.

        Raises BackendError where an answer cannot be read, and may have told of a job that is asked for.
        """
        jobs = [job for job in jobs if JOB.fullmatch(job)]
        news = [job for job in jobs if job not in self._rows and job not in self._missing]
        if news or self._asked is None or self.clock() - self._asked >= self.every_seconds:
            self._poll(jobs)
        return {job: self._rows[job] for job in jobs if job in self._rows}

    def is_idle(self) -> bool:
        """Return whether no job of the user waits or runs, whoever submitted it."""
        rows = self._read(read_squeue, SQUEUE, ())
        return not {meaning(row) for row in rows.values()} & {State.PENDING, State.RUNNING}

    def _poll(self, jobs: Collection[str]) -> None:
        found: dict[str, JobRow] = {}
        for cluster, numbers in by_cluster(jobs).items():
            told = self._of_cluster(cluster, numbers)
            found |= {numbers[number]: row for number, row in told.items() if number in numbers}
        self._rows = found
        self._missing = {job for job in jobs if job not in found}
        self._asked = self.clock()

    def _of_cluster(self, cluster: str, jobs: Collection[str]) -> dict[str, JobRow]:
        """Return the rows of jobs of one cluster; "": the one that SLURM's commands ask by themselves."""
        there = cluster_option(cluster)
        rows = self._read(read_squeue, (*SQUEUE, *there), jobs)
        forgotten = [job for job in jobs if job not in rows]
        return rows | self._from_accounting(forgotten, there) if forgotten else rows

    def _from_accounting(self, jobs: Collection[str], there: Sequence[str]) -> dict[str, JobRow]:
        numbers = sorted({job.partition("_")[0] for job in jobs})
        try:
            asked = (*SACCT, *there, "--starttime=1970-01-02", f"--jobs={','.join(numbers)}")
            return self._read(read_sacct, asked, jobs)
        except BackendError as error:
            if NO_ACCOUNTING in str(error):
                return {}
            raise

    def _read(
        self, read: Callable[[str, Collection[str]], ParsedRows], command: Sequence[str], jobs: Collection[str]
    ) -> dict[str, JobRow]:
        self.calls += 1
        rows, others = read(self.run_command(command), jobs)
        missing = {number for job in jobs if job not in rows for number in re.findall("[0-9]+", job)[:1]}
        for line in others:
            if missing and ("error" in line.lower() or missing & set(re.findall("[0-9]+", line))):
                raise BackendError(f"{command[0]}: cannot be read: {_shown(line)}", retryable=True)
        if others and command[0] not in self._reported:
            self._reported.add(command[0])
            logging.getLogger(__name__).warning("%s: passed over, as it is no job: %s", command[0], _shown(others[0]))
        return rows


def _shown(line: str) -> str:
    return printable(line[:SHOWN_CHARACTERS])
