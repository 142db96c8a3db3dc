"""Polls SLURM: one squeue for all jobs of a cluster, and one sacct for those that squeue no longer lists."""

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
    "--all",
    "--states=all",
    "--array",
    "--noheader",
    "--Format=ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|",
)
"""`--all` includes jobs of hidden partitions."""

SACCT = ("sacct", "--allocations", "--noheader", "--parsable2", "--format=JobID,State,ExitCode")
ACTIVE = frozenset({State.PENDING, State.RUNNING})
NO_ACCOUNTING = "accounting storage is disabled"
SHOWN_CHARACTERS = 100


@dataclass
class Poller:
    """Caches job rows, and polls at most every `every_seconds`. `calls` counts the commands."""

    every_seconds: float
    run_command: RunCommand = run_slurm_command
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    _rows: dict[str, JobRow] = field(default_factory=dict)
    _polled: float | None = None
    _unlisted: frozenset[str] = frozenset()
    _missing: set[str] = field(default_factory=set)
    _reported: set[str] = field(default_factory=set)

    def rows(self, jobs: Collection[str]) -> dict[str, JobRow]:
        """Return the row of each job that SLURM knows. New jobs are polled at once.

        Raises BackendError if a reply that may concern one of `jobs` cannot be parsed.
        """
        jobs = [job for job in jobs if JOB.fullmatch(job)]
        new = [job for job in jobs if job not in self._rows and job not in self._missing]
        if new or self._polled is None or self.clock() - self._polled >= self.every_seconds:
            self._poll(jobs)
        return {job: self._rows[job] for job in jobs if job in self._rows}

    def is_unlisted(self, job: str) -> bool:
        """Return whether a job is queued or running only according to sacct: squeue does not list it."""
        return job in self._unlisted

    def is_idle(self, clusters: str = "") -> bool:
        """Return whether the user has no queued or running job on `clusters`, whatever submitted it."""
        rows = self._read(read_squeue, (*SQUEUE, *cluster_option(clusters)), ())
        return not {meaning(row) for row in rows.values()} & ACTIVE

    def _poll(self, jobs: Collection[str]) -> None:
        found, unlisted = dict[str, JobRow](), set[str]()
        for cluster, numbers in by_cluster(jobs).items():
            listed, accounted = self._of_cluster(cluster, numbers)
            found |= {numbers[number]: row for number, row in (listed | accounted).items() if number in numbers}
            unlisted |= {numbers[number] for number, row in accounted.items() if meaning(row) in ACTIVE}
        self._rows, self._unlisted = found, frozenset(unlisted)
        self._missing = {job for job in jobs if job not in found}
        self._polled = self.clock()

    def _of_cluster(self, cluster: str, jobs: Collection[str]) -> tuple[dict[str, JobRow], dict[str, JobRow]]:
        """Return the rows of jobs of one cluster: those of squeue and others of sacct; "" is the default cluster."""
        option = cluster_option(cluster)
        rows = self._read(read_squeue, (*SQUEUE, *option), jobs)
        unlisted = [job for job in jobs if job not in rows]
        accounted = self._from_accounting(unlisted, option) if unlisted else {}
        return rows, {job: accounted[job] for job in unlisted if job in accounted}

    def _from_accounting(self, jobs: Collection[str], option: Sequence[str]) -> dict[str, JobRow]:
        numbers = sorted({job.partition("_")[0] for job in jobs})
        try:
            command = (*SACCT, *option, "--starttime=1970-01-02", f"--jobs={','.join(numbers)}")
            return self._read(read_sacct, command, jobs)
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
                raise BackendError(f"{command[0]}: cannot be parsed: {_shown(line)}", retryable=True)
        if others and command[0] not in self._reported:
            self._reported.add(command[0])
            logging.getLogger(__name__).warning("%s: skipped, not a job: %s", command[0], _shown(others[0]))
        return rows


def _shown(line: str) -> str:
    return printable(line[:SHOWN_CHARACTERS])
