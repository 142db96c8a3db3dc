"""The store on disk: its paths, and the creation of trials. docs/store.md describes all files."""

import contextlib
import json
import os
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator.errors import PlanError, StoreError
from orchestrator.sweep.trial import Trial
from trainer.config.identity import TRIAL_ID
from trainer.config.train import TrainConfig
from trainer.config.trial_file import read_trial_file
from trainer.errors import NO_ROOM, READABLE, UNREADABLE
from trainer.files import create_file, is_unreadable, temporary_name
from trainer.record import RunDir

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True)
class Store:
    """A store. Folders are created when something is written."""

    root: Path

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def benchmarks(self) -> Path:
        """The folder of benchmarks; `probes` is its name since earlier versions."""
        return self.root / "probes"

    @property
    def code(self) -> Path:
        return self.root / "code"

    def plan(self, sweep: str) -> Path:
        return self.root / "sweeps" / sweep / "plan.json"

    def run(self, trial: str) -> RunDir:
        """Return the directory of a trial. Raises StoreError for anything but a trial id: no path can be injected."""
        if not TRIAL_ID.fullmatch(trial):
            raise StoreError(self.root, f"{trial!r} is not a trial id", "ids are 12 hexadecimal digits")
        return RunDir(self.trials / trial[:2] / trial)

    def config(self, trial: str) -> TrainConfig | None:
        """Return the configuration of a trial; None if it cannot be read or is of another trial or version."""
        found = read_trial_file(self.run(trial).trial)
        return found.config if found else None

    def ids(self) -> Iterator[str]:
        """Yield the ids of all trials in order; folders elsewhere than their ids say are none (`misplaced`).

        Raises StoreError if a folder of trials may not be read.
        """
        for shard in _names(self.trials):
            yield from self._ids_in(shard)

    def readable_ids(self) -> Iterator[str]:
        """Yield the ids of all trials like `ids`, without those in folders that may not be read (`misplaced`)."""
        for shard in _names(self.trials):
            with contextlib.suppress(StoreError):
                yield from self._ids_in(shard)

    def existing(self, trials: Collection[str]) -> set[str]:
        """Return those of `trials` that have a folder, or may have one in a folder that may not be read.

        Raises StoreError if this is the folder of all trials.
        """
        require_readable_folders([self.trials])
        wanted = {trial for trial in trials if TRIAL_ID.fullmatch(trial)}
        found = set[str]()
        for shard in {trial[:2] for trial in wanted}:
            try:
                found.update(self._ids_in(shard))
            except StoreError:
                found.update(trial for trial in wanted if trial[:2] == shard)
        return found & wanted

    def _ids_in(self, shard: str) -> list[str]:
        return [name for name in _names(self.trials / shard) if TRIAL_ID.fullmatch(name) and name[:2] == shard]

    def find(self, beginning: str, planned: Iterable[str] = ()) -> str:
        """Return the trial, begun or `planned`, whose id starts with `beginning`, in any case.

        Raises PlanError unless there is exactly one, and StoreError if a folder that may have it may not be read.
        """
        given = beginning.lower()
        shards = [shard for shard in _names(self.trials) if shard.startswith(given[:2])]
        known = {*planned, *(trial for shard in shards for trial in self._ids_in(shard))}
        found = [trial for trial in known if trial.startswith(given)] if given else []
        if len(found) == 1:
            return found[0]
        problem = f"{len(found)} trials start with it" if found else "no such trial"
        raise PlanError(f"trial {beginning!r}", f"{problem} in {self.root}", "see: adasweep status")

    def require_writable(self) -> None:
        """Raise StoreError if no files can be created here."""
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            probe = temporary_name(self.root / "writable")
            probe.touch()
            probe.unlink()

    def create_trial(self, trial: Trial) -> bool:
        """Write trial.json unless it exists; return whether it was written."""
        run = self.run(trial.id)
        if run.trial.exists():
            return False
        content = {
            "schema_version": SCHEMA_VERSION,
            "id": trial.id,
            "config": trial.config.model_dump(mode="json"),
            "created": time.time(),
        }
        with writing(run.trial):
            return create_file(run.trial, json.dumps(content, indent=1))


def require_readable(run: RunDir) -> None:
    """Raise StoreError if a folder of a trial may not be read."""
    if folder := run.unreadable_folder():
        raise StoreError(folder, UNREADABLE, READABLE)


def require_readable_folders(folders: Iterable[Path]) -> None:
    """Raise StoreError for the first of these folders that may not be read; a missing one is none."""
    for folder in folders:
        if is_unreadable(folder):
            raise StoreError(folder, UNREADABLE, READABLE)


@contextlib.contextmanager
def writing(place: Path, way_out: str = "choose another --store") -> Iterator[None]:
    """Convert OSError during a write into StoreError."""
    try:
        yield
    except OSError as error:
        reason, way_out = (error.strerror or str(error)).lower(), NO_ROOM.get(error.errno or 0, way_out)
        raise StoreError(error.filename2 or error.filename or place, f"cannot be written ({reason})", way_out) from None


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except PermissionError:
        raise StoreError(directory, UNREADABLE, READABLE) from None
    except OSError:
        return []
