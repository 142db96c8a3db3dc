"""Parses the output of SLURM's commands. Sites may add lines of their own: lines that are no jobs are kept separate."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrator.backends.slurm.states import JobRow

NUMBER = r"[0-9]{1,10}"
JOB = re.compile(rf"({NUMBER})(?:_({NUMBER}))?(?:@([A-Za-z0-9][\w.-]{{0,39}}))?", re.ASCII)
"""A job's key: `123`, `123_4` for an array element, with `@cluster` if sbatch named one."""

INDICES = re.compile(rf"\[?({NUMBER}(?:-{NUMBER}(?::{NUMBER})?)?(?:,{NUMBER}(?:-{NUMBER}(?::{NUMBER})?)?)*)(,?\.\.\.)?")
THROTTLE = re.compile(rf"%{NUMBER}")
WORD = re.compile(r"([A-Z][A-Z_]{1,39})(?: by [0-9]+|\+)?", re.ASCII)
WAIT_STATUS, CODE = re.compile(NUMBER), re.compile(rf"({NUMBER}):({NUMBER})(?::{NUMBER})?")
REVOKED = "REVOKED"
UNKNOWN = ("", "N/A", "None")
CLUSTER = re.compile(r"CLUSTER: \S+")
SUBMITTED = re.compile(rf"Submitted batch job ({NUMBER})(?: on cluster ([A-Za-z0-9][\w.-]{{0,39}}))?", re.ASCII)
SETTING = re.compile(r"^(\w+)\s*= (.*)$", re.MULTILINE)


class Elements(NamedTuple):
    """Elements of an array: first, last and step of each span; with `cut`, also all after the last."""

    spans: tuple[tuple[int, int, int], ...]
    cut: bool = False

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        listed = any(first <= index <= last and (index - first) % step == 0 for first, last, step in self.spans)
        return listed or (self.cut and index > self.spans[-1][1])


class Named(NamedTuple):
    """The jobs of a row: one, or elements of an array."""

    number: str
    indices: Elements | None = None


class ParsedRows(NamedTuple):
    """The job rows in a command's output, by key without cluster, and all other lines."""

    rows: dict[str, JobRow]
    others: tuple[str, ...] = ()


def read_squeue(text: str, jobs: Collection[str] = ()) -> ParsedRows:
    """Return the rows of squeue. Rows for several array elements are expanded to those in `jobs`."""
    return _read(text, _squeue_row, jobs)


def read_sacct(text: str, jobs: Collection[str] = ()) -> ParsedRows:
    """Return the rows of sacct, which has one row for all pending elements of an array: `85_[8-63%4]`."""
    return _read(text, _sacct_row, jobs)


def read_numbers(text: str) -> dict[str, float]:
    """Return the numbers in rows of `job|number`; jobs without a number are omitted."""
    found = {}
    for line in text.splitlines():
        job, _, number = (part.strip() for part in line.strip().removesuffix("|").partition("|"))
        if JOB.fullmatch(job) and re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", number):
            found[job] = float(number)
    return found


def read_submitted(text: str) -> str | None:
    """Return the key of the submitted job in sbatch's output, or None."""
    found = {match.groups() for line in text.splitlines() if (match := SUBMITTED.fullmatch(line.strip()))}
    if len(found) != 1:
        return None
    number, cluster = found.pop()
    return f"{number}@{cluster}" if cluster else number


def read_settings(text: str) -> dict[str, str]:
    """Return the settings in the output of `scontrol show config`, by name."""
    return {name: value.strip() for name, value in SETTING.findall(text)}


def by_cluster(jobs: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Return the keys of jobs, by cluster and by their number on that cluster."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for job in jobs:
        number, _, cluster = job.partition("@")
        found[cluster][number] = job
    return found


def _read(text: str, row_of: Callable[[list[str]], tuple[Named, JobRow] | None], jobs: Collection[str]) -> ParsedRows:
    single, several, others = dict[str, JobRow](), list[tuple[Named, JobRow]](), list[str]()
    for line in filter(None, map(str.strip, text.splitlines())):
        found = row_of([part.strip() for part in line.split("|")])
        if found is None:
            others += [] if CLUSTER.fullmatch(line) else [line]
        elif found[0].indices is None:
            _add(single, found[0].number, found[1])
        else:
            several.append(found)
    spread = {job: row for named, row in several for job in _among(jobs, named)}
    return ParsedRows(spread | single, tuple(others))


def _add(rows: dict[str, JobRow], job: str, row: JobRow) -> None:
    """Add a row. A federation also lists the copies of a job that another cluster has made void."""
    if row.word != REVOKED or job not in rows:
        rows[job] = row


def _among(jobs: Iterable[str], named: Named) -> Iterator[str]:
    for job in jobs:
        number, _, index = job.partition("_")
        if number == named.number and index and named.indices and int(index) in named.indices:
            yield job


def _squeue_row(parts: list[str]) -> tuple[Named, JobRow] | None:
    if len(parts) < 4:
        return None
    job, index, word, status = parts[:4]
    return _row(_named(job, "" if index in UNKNOWN else index), word, _wait_status(status))


def _sacct_row(parts: list[str]) -> tuple[Named, JobRow] | None:
    if len(parts) < 3:
        return None
    number, _, index = parts[0].partition("_")
    return _row(_named(number, index), parts[1], _code(parts[2]))


def _row(named: Named | None, word: str, ended: tuple[int, int] | None) -> tuple[Named, JobRow] | None:
    match = WORD.fullmatch(word)
    return (named, JobRow(match[1], *ended)) if named and match and ended else None


def _named(number: str, index: str) -> Named | None:
    if not re.fullmatch(NUMBER, number):
        return None
    if not index:
        return Named(number)
    if re.fullmatch(NUMBER, index):
        return Named(f"{number}_{int(index)}")
    indices = _indices(index)
    return Named(number, indices) if indices else None


def _indices(text: str) -> Elements | None:
    """Return the elements in `[1-5:2,8%4]`; long lists may be truncated: `[1-5,8,...]`."""
    match = INDICES.fullmatch(THROTTLE.sub("", text).removesuffix("]"))
    if not match:
        return None
    spans = []
    for part in match[1].split(","):
        first, last, step = (*re.split("[-:]", part), "", "")[:3]
        spans.append((int(first), int(last or first), max(1, int(step or 1))))
    return Elements(tuple(spans), bool(match[2]))


def _wait_status(text: str) -> tuple[int, int] | None:
    """Return exit code and signal from a status of wait(2), or from sacct's form."""
    if not WAIT_STATUS.fullmatch(text):
        return _code(text)
    code = os.waitstatus_to_exitcode(_ended(int(text) & 0xFFFF))
    return max(0, code), max(0, -code)


def _ended(status: int) -> int:
    """Return a status without the marker of a stopped process (0x7f), with which no job ends."""
    return status & 0xFF00 if status & 0x7F == 0x7F else status


def _code(text: str) -> tuple[int, int] | None:
    if text in UNKNOWN:
        return 0, 0
    match = CODE.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None
