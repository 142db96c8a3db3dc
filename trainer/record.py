"""What a worker leaves on disk, and how it is read back: the one contract between trainer, orchestrator and analysis.

A trial directory:

    trial.json                      who it is: schema, id, config; created once, never rewritten   (orchestrator)
    lease.json                      who may write here now: token, owner, expiry                   (supervisor)
    attempts/001/job.json           what this attempt was asked to do: a Job                       (orchestrator)
    attempts/001/record.json        how it goes: a RunRecord, replaced atomically; the heartbeat   (worker)
    attempts/001/output.log         stdout and stderr of the worker                                (supervisor)
    ticks.jsonl metrics.jsonl events.jsonl    one JSON object a line, with attempt and kimg        (worker)
    checkpoints/ snapshots/ samples/ probes/                                                       (worker)

Readers keep the last line per (kimg, key) and pass over a torn last line.
"""

import os
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config.job import Work
from trainer.config.spec import Count, NonNegative, Settings
from trainer.files import replace_file

SNAPSHOT = re.compile(r"^snapshot-(\d{9,})\.safetensors$")
BEGAN_VARIABLE = "ADASWEEP_JOB_BEGAN"
"""Environment variable in which a supervisor tells its worker when the job was started (Unix seconds)."""

PROBE = re.compile(r"^(.+)-(\d{9,})\.npz$")


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

    attempt: int
    work: Work = "train"
    state: State
    kimg: NonNegative
    horizon_kimg: NonNegative
    started: float
    updated: float
    began: float | None = None
    ready: float | None = None
    host: str
    pid: int
    world_size: int = 1
    exit_code: int | None = None
    message: str = ""
    doing: str = ""
    resumed_from_kimg: NonNegative = 0.0
    images_per_second: NonNegative | None = None
    p: NonNegative | None = None
    r_t: float | None = None
    nan_gradients: Count = 0
    diverged: bool = False
    ops: str = "reference"
    code: str = ""
    versions: dict[str, str] = {}
    energy: Energy = Energy()

    @property
    def slot_seconds(self) -> float:
        """Return for how long the attempt has held its slot, start-up with it where that is known."""
        return max(self.updated - (self.started if self.began is None else self.began), 0.0)


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
    def samples(self) -> Path:
        return self.path / "samples"

    def snapshot(self, images: int) -> Path:
        """Return where the snapshot after `images` images lies."""
        return self.snapshots / f"snapshot-{images:09d}.safetensors"

    def kept_snapshots(self) -> list[int]:
        """Return the image counters of all snapshots, in order."""
        try:
            names = os.listdir(self.snapshots)
        except FileNotFoundError:
            return []
        return sorted(int(match[1]) for name in names if (match := SNAPSHOT.match(name)))

    def probe(self, name: str, images: int) -> Path:
        """Return where the numbers of a probe of one snapshot lie; pictures are beside them."""
        return self.path / "probes" / f"{name}-{images:09d}.npz"

    def probed(self) -> list[tuple[str, int]]:
        """Return name and image counter of every probe whose numbers are there."""
        found = (PROBE.match(path.name) for path in (self.path / "probes").glob("*.npz"))
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
        names = (entry.name for entry in (self.path / "attempts").glob("[0-9]*"))
        return sorted(int(name) for name in names if name.isdigit())


def read_record(path: Path) -> RunRecord | None:
    """Return the record at `path`, or None where there is none or it is not readable as one."""
    try:
        return RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


def beat(path: Path, record: RunRecord, **changes: Any) -> RunRecord:
    """Write `record` with `changes` and the present time, and return what was written."""
    fresh = record.model_copy(update={**changes, "updated": time.time()})
    replace_file(path, fresh.model_dump_json(indent=1))
    return fresh
