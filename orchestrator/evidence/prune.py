"""Finds and removes unneeded weights of a store; results are never removed."""

import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.plan.plan_file import read_plan, sweeps
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import Lease, acquire
from orchestrator.store.observe import Observed
from orchestrator.store.starting_point import source_snapshot
from trainer.config.training import Transfer
from trainer.files import matching
from trainer.record import RunDir, State

CHECKPOINT = re.compile(r"ckpt-(\d{9,})-t(\d{4,})-([0-9a-f]{16})\.safetensors")
ACTIVE_STATES = frozenset({State.PENDING, State.RUNNING})


class Removable(NamedTuple):
    """A file that can be removed: its trial, its size in bytes, and why it is not needed."""

    path: Path
    trial: str
    size: int
    reason: str


class PruneOptions(NamedTuple):
    """What to remove in addition, of trials that are done.

    Without their last checkpoint they cannot be extended; without snapshots no other metric can be computed.
    """

    last_checkpoints: bool = False
    snapshots: bool = False


def removable(store: Store, seen: Mapping[str, Observed], options: PruneOptions) -> Iterator[Removable]:
    """Yield the removable files of the trials in `seen`; none of queued or running trials."""
    needed = _sources_of_transfers(store, seen) if options.snapshots else frozenset()
    awaited = _awaited_snapshots(store) if options.snapshots else frozenset()
    for trial, observed in seen.items():
        if observed.state in ACTIVE_STATES:
            continue
        run, done = store.run(trial), observed.state is State.DONE
        older, last = _checkpoints(run)
        yield from (_removable(path, trial, "older checkpoint") for path in older)
        if done and options.last_checkpoints:
            yield from (_removable(path, trial, "checkpoint of a trial that is done") for path in last)
        if done and options.snapshots:
            paths = (path for path in _snapshots(run) if path not in awaited and _digest(path) not in needed)
            yield from (_removable(path, trial, "snapshot of a trial that is done") for path in paths)
            rest = (
                path for training in run.abandoned() for path in _snapshots(training) if _digest(path) not in needed
            )
            yield from (_removable(path, trial, "snapshot of an abandoned training") for path in rest)
        unread = (path for training in run.abandoned() for path in _files_of_checkpoints(training))
        yield from (_removable(path, trial, "checkpoint of an abandoned training") for path in unread)


def _snapshots(run: RunDir) -> Iterator[Path]:
    yield from (path for kept in run.snapshot_files() if os.path.isfile(path := run.snapshot_of(*kept)))


def remove(store: Store, found: Collection[Removable]) -> list[Removable]:
    """Remove files, and return those removed: trials that have started meanwhile are skipped."""
    removed = []
    for trial in dict.fromkeys(one.trial for one in found):
        with writing(store.run(trial).path):
            try:
                lease = acquire(store.run(trial).path)
            except LeaseHeld:
                continue
            try:
                removed += [one for one in found if one.trial == trial and _unlink(one.path, lease)]
            finally:
                lease.release()
    return removed


def _unlink(path: Path, lease: Lease) -> bool:
    """Remove a file unless the lease was superseded; return whether it was removed."""
    with contextlib.suppress(LeaseSuperseded):
        lease.check()
        path.unlink(missing_ok=True)
        return True
    return False


def _removable(path: Path, trial: str, reason: str) -> Removable:
    return Removable(path, trial, path.stat().st_size, reason)


def _checkpoints(run: RunDir) -> tuple[list[Path], list[Path]]:
    """Return the checkpoints older than the newest intact one, and the others."""
    matches = [(match, path) for path in _files_of_checkpoints(run) if (match := CHECKPOINT.fullmatch(path.name))]
    ordered = [path for _, path in sorted(matches, key=lambda one: (int(one[0][1]), int(one[0][2])))]
    intact = [place for place, path in enumerate(ordered) if _digest(path)[:16] == path.name[-28:-12]]
    newest = max(intact, default=0)
    return ordered[:newest], ordered[newest:]


def _files_of_checkpoints(run: RunDir) -> list[Path]:
    return [path for path in matching(run.checkpoints, "ckpt-*") if os.path.isfile(path)]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sources_of_transfers(store: Store, seen: Mapping[str, Observed]) -> frozenset[str]:
    """Return the checksums of the snapshots from which unfinished trials are initialised."""
    configs = (store.config(trial) for trial, observed in seen.items() if observed.state is not State.DONE)
    return frozenset(config.transfer.sha256 for config in configs if config and isinstance(config.transfer, Transfer))


def _awaited_snapshots(store: Store) -> frozenset[Path]:
    """Return the snapshots from which trials of stored plans start that have not begun.

    Raises UserError if a plan cannot be read: what its trials await would be removed.
    """
    runs = (run for name in sweeps(store) for run in read_plan(store, name).runs)
    starts = (run.start for run in runs if run.start and not os.path.exists(store.run(run.trial).start))
    return frozenset(path for start in dict.fromkeys(starts) if (path := source_snapshot(store, start)))
