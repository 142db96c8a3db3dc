"""Finds what is skipped because it is invalid: files and lines of a trial, and what is no trial of this store."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestrator.store.handle import read_handle
from orchestrator.store.layout import Store
from orchestrator.store.lease import Holder
from trainer.config.identity import TRIAL_ID
from trainer.config.job import read_job
from trainer.config.stored import Malformed, read_document, rows_in
from trainer.config.trial_file import read_trial_file
from trainer.errors import READABLE, UNREADABLE
from trainer.files import is_unreadable, matching
from trainer.record import RunDir, is_folder, read_record
from trainer.recording.requests import Retry, SweepMark

SHARD = re.compile("[0-9a-f]{2}")
"""The name of a folder of trials: the first digits of their ids."""


class _AnyDocument(BaseModel):
    model_config = ConfigDict(extra="allow")


FaultFinder = Callable[[Path, list[Malformed]], object]


def _finder(model: type[BaseModel]) -> FaultFinder:
    return lambda path, malformed: read_document(path, model, malformed)


_HOLDER, _RETRY, _MARK, _ANY = _finder(Holder), _finder(Retry), _finder(SweepMark), _finder(_AnyDocument)


def invalid_files(store: Store, trial: str, *, with_histograms: bool = False) -> list[Malformed]:
    """Return the invalid files and lines of a trial; none if it has no directory.

    Histograms are checked only on request: they are far larger than everything else. Of a trial that may not be read,
    this alone is returned.
    """
    run = store.run(trial)
    if folder := run.unreadable_folder():
        return [_unreadable(folder)]
    if not os.path.isdir(run.path):  # a link to too long a name, too
        return []
    streams = [run.metrics, run.ticks, run.events, *([run.path / "logits.jsonl"] if with_histograms else [])]
    found = [one for path in streams for one in _rows(path)]
    found += [one for path, find in _finders(run) for one in _document(path, find)]
    for number in run.attempts():
        read_handle(run.attempt(number), found)
    if not os.path.exists(run.trial):
        found.append(Malformed(run.trial, 0, "missing"))
    return found


def misplaced(store: Store, trials: Collection[str] | None = None) -> list[Malformed]:
    """Return what is named as a trial, or as a folder of trials, but is none or is elsewhere: it is skipped.

    With `trials`, only what concerns one of them.
    """
    found = [one for shard in _entries(store.trials) for one in _misplaced_in(shard)]
    return [one for one in found if trials is None or any(trial.startswith(one.path.name) for trial in trials)]


def _misplaced_in(shard: os.DirEntry[str]) -> Iterator[Malformed]:
    if SHARD.fullmatch(shard.name) and not is_folder(shard):
        yield Malformed(Path(shard.path), 0, "not a folder")
    elif is_unreadable(Path(shard.path)):
        yield _unreadable(Path(shard.path))
    for entry in _entries(shard.path):
        yield from _misplaced(entry)


def _unreadable(folder: Path) -> Malformed:
    return Malformed(folder, 0, f"{UNREADABLE}; {READABLE}")


def _misplaced(entry: os.DirEntry[str]) -> Iterator[Malformed]:
    path = Path(entry.path)
    if TRIAL_ID.fullmatch(entry.name) and entry.name[:2] != path.parent.name:
        yield Malformed(path, 0, f"belongs in {path.parent.with_name(entry.name[:2])}")
    elif TRIAL_ID.fullmatch(entry.name) and not is_folder(entry):
        yield Malformed(path, 0, "not a folder")


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _finders(run: RunDir) -> Iterator[tuple[Path, FaultFinder]]:
    yield from ((run.trial, read_trial_file), (run.lease, _HOLDER), (run.path / "retry.json", _RETRY))
    for kind in ("stops", "cancels"):
        yield from ((path, _MARK) for path in matching(run.path / kind, "[!.]*.json"))
    for number in run.attempts():
        yield from ((run.job(number), read_job), (run.record(number), read_record))
        yield run.attempt(number) / "accounting.json", _ANY


def _rows(path: Path) -> tuple[Malformed, ...]:
    return _rows_at(path, _version(path))


def _document(path: Path, find: FaultFinder) -> tuple[Malformed, ...]:
    return _document_at(path, find, _version(path))


def _version(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@cache
def _rows_at(path: Path, _version: tuple[int, int]) -> tuple[Malformed, ...]:
    malformed: list[Malformed] = []
    rows_in(path, malformed)
    return tuple(malformed)


@cache
def _document_at(path: Path, find: FaultFinder, _version: tuple[int, int]) -> tuple[Malformed, ...]:
    malformed: list[Malformed] = []
    find(path, malformed)
    return tuple(malformed)
