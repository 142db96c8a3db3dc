"""The layout of a store, and a cheap signature that detects changed trials."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import ResultStoreError
from trainer.config.identity import TRIAL_ID
from trainer.config.plan_file import planned_sweeps
from trainer.errors import READABLE, UNREADABLE
from trainer.files import is_unreadable, matching
from trainer.record import RunDir

READ_FILES = ("trial.json", "metrics.jsonl", "ticks.jsonl", "events.jsonl", "retry.json")
FIGURE_FILES = (".provenance.json", ".csv", ".pdf", ".png")
"""The endings of the files of a figure."""
MARKS = ("stops", "cancels")
"""Folders with a file for each sweep."""
OTHER_STORE = "name one with --store or ADASWEEP_STORE"
ATTEMPT_FILES = ("record.json", "accounting.json", "job.json", "cancel")


@dataclass(frozen=True)
class ResultStore:
    """The directory of a store. Analysis writes only below `tables`, `figures` and `reports`.

    In a read-only store, figures are written below `outputs` and tables to `collected` instead.
    """

    path: Path
    outputs: Path | None = None
    collected: Path | None = None

    @property
    def tables(self) -> Path:
        return self.collected or self.path / "tables"

    def plan(self, sweep: str) -> Path:
        return self.path / "sweeps" / sweep / "plan.json"

    def figures(self, sweep: str) -> Path:
        return (self.outputs or self.path) / "figures" / sweep

    @property
    def reports(self) -> Path:
        return self.path / "reports"

    def run(self, trial: str) -> RunDir:
        return RunDir(self.path / "trials" / trial[:2] / trial)

    def sweeps(self) -> list[str]:
        """Return the names of all planned sweeps; a name may contain slashes."""
        return planned_sweeps(self.path / "sweeps")

    def drawn_sweeps(self) -> list[str]:
        """Return the names of all sweeps that have figures, or what is left of them."""
        root = self.path / "figures"
        found = (path.parent for path in matching(root, "**/*.*") if path.name.endswith(FIGURE_FILES))
        return sorted({folder.relative_to(root).as_posix() for folder in found})

    def trials(self) -> Iterator[str]:
        """Yield the ids of all trials, sorted; folders elsewhere than their ids say are none."""
        for shard in _names(self.path / "trials"):
            yield from (
                name for name in _names(self.path / "trials" / shard) if TRIAL_ID.fullmatch(name) and name[:2] == shard
            )

    def unreadable_shards(self) -> list[str]:
        """Return a line for each folder of trials that may not be read: its trials are skipped."""
        folders = (self.path / "trials" / shard for shard in _names(self.path / "trials"))
        return [folder_note(folder) for folder in folders if is_unreadable(folder)]


def folder_note(folder: Path) -> str:
    """Return the line about a folder that may not be read."""
    return f"{folder}: {UNREADABLE}; {READABLE}"


def open_store(path: Path) -> ResultStore:
    """Return the store at `path`. Raises ResultStoreError if the directory does not exist."""
    if not path.is_dir():
        raise ResultStoreError(f"{path}: no such store; {OTHER_STORE}")
    return ResultStore(path)


def signature(run: RunDir) -> str:
    """Return 16 hexadecimal digits that change with the size or modification time of any file that analysis reads."""
    seen = hashlib.sha256()
    for name in _read_names(run):
        try:
            status = os.stat(f"{run.path}/{name}")
        except OSError:
            continue
        seen.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return seen.hexdigest()[:16]


def _read_names(run: RunDir) -> Iterator[str]:
    yield from READ_FILES
    for training in run.abandoned():
        yield from (f"{run.set_aside.name}/{training.path.name}/{file}" for file in ("metrics.jsonl", "ticks.jsonl"))
    for folder in MARKS:
        yield from (f"{folder}/{name}" for name in _names(run.path / folder))
    for name in _names(run.path / "attempts"):
        yield from (f"attempts/{name}/{file}" for file in ATTEMPT_FILES)


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
