"""The files of a trial's directory: the contract between trainer, orchestrator and analysis.

docs/store.md describes them all. Each file has one writer: the orchestrator writes trial.json and job.json, the
supervisor lease.json and output.log, the worker everything else. Readers use the last line per (kimg, key), and skip
invalid ones (trainer.config.stored).
"""

import os
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from trainer.config.job import Work
from trainer.config.spec import NonNegative, Settings
from trainer.config.stored import Kimg, Malformed, Moment, WholeNumber, of_own_attempt, read_document
from trainer.files import Guard, is_unreadable, matching, replace_file

SNAPSHOT = re.compile(r"snapshot-(?P<images>[0-9]{9,15})(?:-t(?P<token>[0-9]{4,9}))?\.safetensors")
PROBE = re.compile(r"(.+)-([0-9]{9,15})\.npz")
ATTEMPT = re.compile(r"[0-9]{3}|[1-9][0-9]{3,8}")
ABANDONED = re.compile(
    r"(?P<attempt>[0-9]{3,9})(?P<beyond>\.beyond)?(?:-[0-9]+|(?P<open>\.t(?P<token>[0-9]{4,9})\.open))?"
)
"""A folder of what was recorded before a trial started over with `attempt`; `open` while a writer moves files there.

`beyond`: it did not start over, and these were recorded beyond the checkpoint from which it resumed.
"""
BEGAN_VARIABLE = "ADASWEEP_JOB_BEGAN"
"""Environment variable by which a supervisor passes the start time of the job to its worker (Unix seconds)."""


class State(StrEnum):
    """The state of a trial. LOST: its worker stopped sending heartbeats without reporting an end."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PREEMPTED = "preempted"
    LOST = "lost"


class Energy(Settings):
    """Energy of an attempt so far in joules, the `method` of measurement, and the `coverage` of the devices."""

    joules: NonNegative | None = None
    method: str = "none"
    coverage: NonNegative = 0.0


class RunRecord(Settings):
    """The progress of an attempt. Times are Unix seconds; `updated` is the heartbeat; `kimg` is trained so far.

    `began` is when the job started, `started` when its worker first wrote a record, `ready` when it was ready to train
    or evaluate; None if not known (earlier versions). `processor` is the GPU, or the CPU and its instruction set.
    """

    attempt: WholeNumber
    work: Work = "train"
    state: State
    kimg: Kimg
    horizon_kimg: Kimg
    started: Moment
    updated: Moment
    began: Moment | None = None
    ready: Moment | None = None
    host: str
    pid: WholeNumber
    world_size: WholeNumber = 1
    exit_code: WholeNumber | None = None
    message: str = ""
    doing: str = ""
    resumed_from_kimg: Kimg = 0.0
    images_per_second: NonNegative | None = None
    p: NonNegative | None = None
    r_t: float | None = None
    nan_gradients: Annotated[WholeNumber, Field(ge=0)] = 0
    diverged: bool = False
    ops: str = "reference"
    code: str = ""
    versions: dict[str, str] = {}
    processor: str = ""
    energy: Energy = Energy()

    @property
    def slot_seconds(self) -> float:
        """Return how long the attempt has occupied its slot, including start-up if known."""
        return max(self.updated - (self.started if self.began is None else self.began), 0.0)


class SnapshotFile(NamedTuple):
    """A parsed snapshot name: its image counter and fencing token."""

    images: int
    token: int


@dataclass(frozen=True)
class RunDir:
    """The directory of a trial, and the paths of everything in it."""

    path: Path

    @property
    def trial(self) -> Path:
        return self.path / "trial.json"

    @property
    def lease(self) -> Path:
        return self.path / "lease.json"

    @property
    def ticks(self) -> Path:
        return self.path / "ticks.jsonl"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def start(self) -> Path:
        """Return where a trial that starts from another keeps the snapshot that it has begun with."""
        return self.path / "start.safetensors"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    def snapshot(self, images: int) -> Path:
        """Return the path of the snapshot after `images` images, with the highest token if there are several."""
        tokens = (found.token for found in self.snapshot_files() if found.images == images)
        return self.snapshot_of(images, max(tokens, default=0))

    def snapshot_of(self, images: int, token: int) -> Path:
        """Return the path of a snapshot of a token; 0 for trials that were never taken over."""
        ending = f"-t{token:04d}" if token else ""
        return self.snapshots / f"snapshot-{images:09d}{ending}.safetensors"

    def snapshot_files(self) -> list[SnapshotFile]:
        """Return all snapshots, sorted; an image counter may have several."""
        try:
            names = os.listdir(self.snapshots)
        except OSError:
            return []
        matches = [match for name in names if (match := SNAPSHOT.fullmatch(name))]
        return sorted(SnapshotFile(int(match["images"]), int(match["token"] or 0)) for match in matches)

    def kept_snapshots(self) -> list[int]:
        """Return the image counters of all snapshots, sorted."""
        return sorted({found.images for found in self.snapshot_files()})

    def probe(self, name: str, images: int) -> Path:
        """Return the path of a probe's arrays for a snapshot; pictures are beside it."""
        return self.path / "probes" / f"{name}-{images:09d}.npz"

    def probed(self) -> list[tuple[str, int]]:
        """Return name and image counter of every completed probe."""
        found = (PROBE.fullmatch(path.name) for path in matching(self.path / "probes", "*.npz"))
        return sorted((match[1], int(match[2])) for match in found if match)

    @property
    def set_aside(self) -> Path:
        """Return the folder of what had been recorded each time that the trial started over."""
        return self.path / "set-aside"

    def abandoned(self) -> list["RunDir"]:
        """Return the trainings that were abandoned, whole or beyond a checkpoint, oldest first.

        They are folders of rows, snapshots, samples and probes.
        """
        found = (
            (int(match["attempt"]), path)
            for path in matching(self.set_aside, "*")
            if (match := ABANDONED.fullmatch(path.name)) and os.path.isdir(path)
        )
        return [RunDir(path) for _, path in sorted(found)]

    def trainings(self) -> list["RunDir"]:
        """Return all trainings of the trial, oldest first; the last is the one that counts."""
        return [*self.abandoned(), self]

    def first_attempt(self) -> int:
        """Return the attempt with which the training that counts began; 0 if none was abandoned."""
        return max(self.first_attempts(), default=0)

    def first_attempts(self) -> list[int]:
        """Return the attempts with which the trial started over, oldest first."""
        names = (ABANDONED.fullmatch(training.path.name) for training in self.abandoned())
        return [int(match["attempt"]) for match in names if match and not match["beyond"]]

    def attempt(self, number: int) -> Path:
        return self.path / "attempts" / f"{number:03d}"

    def job(self, number: int) -> Path:
        return self.attempt(number) / "job.json"

    def record(self, number: int) -> Path:
        return self.attempt(number) / "record.json"

    def log(self, number: int) -> Path:
        return self.attempt(number) / "output.log"

    def attempts(self) -> list[int]:
        """Return the numbers of all attempts, sorted."""
        try:
            with os.scandir(self.path / "attempts") as entries:
                names = [entry.name for entry in entries if ATTEMPT.fullmatch(entry.name) and is_folder(entry)]
        except OSError:
            return []
        return sorted(int(name) for name in names)

    def unreadable_folder(self) -> Path | None:
        """Return the first folder of the trial that may not be read, as of a colleague: nothing would seem begun.

        The folder around the trial comes first: in one that may not be searched, nothing is seen to exist.
        """
        outer = (self.path.parent, self.path, self.path / "leases", self.path / "attempts")
        return next(filter(is_unreadable, (*outer, *map(self.attempt, self.attempts()))), None)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one; a link to itself is none, and no error."""
    return entry.is_dir(follow_symlinks=False) or os.path.isdir(entry.path)


def read_record(path: Path, malformed: list[Malformed] | None = None) -> RunRecord | None:
    """Return the record at `path`.

    Returns None if it is missing, or invalid or of another attempt, which is reported in `malformed`.
    """
    return of_own_attempt(read_document(path, RunRecord, malformed), path, malformed)


def beat(path: Path, record: RunRecord, guard: Guard | None = None, /, **changes: Any) -> RunRecord:
    """Write `record` with `changes` and the current time, and return it."""
    fresh = record.model_copy(update={**changes, "updated": time.time()})
    replace_file(path, fresh.model_dump_json(indent=1), guard)
    return fresh
