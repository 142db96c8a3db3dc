"""What a worker leaves on disk, and how it is read back: the one contract between trainer, orchestrator and analysis.

docs/store.md describes all files of a trial's directory. A file has one writer: trial.json and job.json are the
orchestrator's, lease.json and output.log the supervisor's, everything else the worker's. Readers keep the last line per
(kimg, key), and pass over what does not fit (trainer.config.stored).
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
from trainer.config.stored import Kimg, Moment, Spoilt, WholeNumber, read_document
from trainer.files import Guard, replace_file

SNAPSHOT = re.compile(r"snapshot-(?P<images>[0-9]{9,15})(?:-t(?P<token>[0-9]{4,9}))?\.safetensors")
PROBE = re.compile(r"(.+)-([0-9]{9,15})\.npz")
ATTEMPT = re.compile(r"[0-9]{3}|[1-9][0-9]{3,8}")
BEGAN_VARIABLE = "ADASWEEP_JOB_BEGAN"
"""Environment variable in which a supervisor tells its worker when the job was started (Unix seconds)."""


class State(StrEnum):
    """Where a trial stands. LOST: its worker stopped beating without a word."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PREEMPTED = "preempted"
    LOST = "lost"


class Energy(Settings):
    """Energy of an attempt so far in joules; `method` says how it was found, `coverage` for what part of the time."""

    joules: NonNegative | None = None
    method: str = "none"
    coverage: NonNegative = 0.0


class RunRecord(Settings):
    """How one attempt goes. Times are Unix seconds; `updated` is the heartbeat. `kimg` is how far training has got.

    `began` is when the job was started, `started` when its worker could first speak, `ready` when it first had
    something to train or evaluate with; None where that is not known (earlier versions).
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
    energy: Energy = Energy()

    @property
    def slot_seconds(self) -> float:
        """Return for how long the attempt has held its slot, start-up with it where that is known."""
        return max(self.updated - (self.started if self.began is None else self.began), 0.0)


class SnapshotFile(NamedTuple):
    """A snapshot by its name: its image counter, and the token that it belongs to."""

    images: int
    token: int


@dataclass(frozen=True)
class RunDir:
    """The directory of one trial and the names of everything in it."""

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
        """Return where the snapshot after `images` images lies: of several, the one of the highest token."""
        tokens = (found.token for found in self.snapshot_files() if found.images == images)
        return self.snapshot_of(images, max(tokens, default=0))

    def snapshot_of(self, images: int, token: int) -> Path:
        """Return the name of a snapshot that belongs to a token; 0 for those of trials that were never taken over."""
        ending = f"-t{token:04d}" if token else ""
        return self.snapshots / f"snapshot-{images:09d}{ending}.safetensors"

    def snapshot_files(self) -> list[SnapshotFile]:
        """Return all snapshots, in order; one image counter may have several."""
        try:
            names = os.listdir(self.snapshots)
        except OSError:
            return []
        matches = [match for name in names if (match := SNAPSHOT.fullmatch(name))]
        return sorted(SnapshotFile(int(match["images"]), int(match["token"] or 0)) for match in matches)

    def kept_snapshots(self) -> list[int]:
        """Return the image counters of all snapshots, in order."""
        return sorted({found.images for found in self.snapshot_files()})

    def probe(self, name: str, images: int) -> Path:
        """Return where the numbers of a probe of one snapshot lie; pictures are beside them."""
        return self.path / "probes" / f"{name}-{images:09d}.npz"

    def probed(self) -> list[tuple[str, int]]:
        """Return name and image counter of every probe whose numbers are there."""
        found = (PROBE.fullmatch(path.name) for path in (self.path / "probes").glob("*.npz"))
        return sorted((match[1], int(match[2])) for match in found if match)

    def attempt(self, number: int) -> Path:
        return self.path / "attempts" / f"{number:03d}"

    def job(self, number: int) -> Path:
        return self.attempt(number) / "job.json"

    def record(self, number: int) -> Path:
        return self.attempt(number) / "record.json"

    def log(self, number: int) -> Path:
        return self.attempt(number) / "output.log"

    def attempts(self) -> list[int]:
        """Return the numbers of all attempts, in order."""
        try:
            with os.scandir(self.path / "attempts") as entries:
                names = [entry.name for entry in entries if ATTEMPT.fullmatch(entry.name) and entry.is_dir()]
        except OSError:
            return []
        return sorted(int(name) for name in names)


def read_record(path: Path, spoilt: list[Spoilt] | None = None) -> RunRecord | None:
    """Return the record at `path`; None where there is none, or one that does not fit, which is told in `spoilt`."""
    return read_document(path, RunRecord, spoilt)


def beat(path: Path, record: RunRecord, guard: Guard | None = None, /, **changes: Any) -> RunRecord:
    """Write `record` with `changes` and the present time, and return what was written."""
    fresh = record.model_copy(update={**changes, "updated": time.time()})
    replace_file(path, fresh.model_dump_json(indent=1), guard)
    return fresh
