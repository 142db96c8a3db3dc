"""Finds the files and lines of a trial that are skipped because they are invalid."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestrator.store.handle import read_handle
from orchestrator.store.layout import Store, TrialFile
from orchestrator.store.lease import Holder
from orchestrator.store.requests import Retry, SweepMark
from trainer.config.job import Job
from trainer.config.stored import Malformed, read_document, rows_in
from trainer.record import RunDir, RunRecord


class _AnyDocument(BaseModel):
    model_config = ConfigDict(extra="allow")


def invalid_files(store: Store, trial: str, *, with_histograms: bool = False) -> list[Malformed]:
    """Return the invalid files and lines of a trial; none if it has no directory.

    Histograms are checked only on request: they are far larger than everything else.
    """
    run = store.run(trial)
    if not run.path.is_dir():
        return []
    streams = [run.metrics, run.ticks, run.events, *([run.path / "logits.jsonl"] if with_histograms else [])]
    found = [one for path in streams for one in _rows(path)]
    found += [one for path, model in _documents(run) for one in _document(path, model)]
    for number in run.attempts():
        read_handle(run.attempt(number), found)
    if not run.trial.exists():
        found.append(Malformed(run.trial, 0, "missing"))
    return found


def _documents(run: RunDir) -> Iterator[tuple[Path, type[BaseModel]]]:
    yield from ((run.trial, TrialFile), (run.lease, Holder), (run.path / "retry.json", Retry))
    for kind in ("stops", "cancels"):
        yield from ((path, SweepMark) for path in sorted((run.path / kind).glob("[!.]*.json")))
    for number in run.attempts():
        yield from ((run.job(number), Job), (run.record(number), RunRecord))
        yield run.attempt(number) / "accounting.json", _AnyDocument


def _rows(path: Path) -> tuple[Malformed, ...]:
    return _rows_at(path, _version(path))


def _document(path: Path, model: type[BaseModel]) -> tuple[Malformed, ...]:
    return _document_at(path, model, _version(path))


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
def _document_at(path: Path, model: type[BaseModel], _version: tuple[int, int]) -> tuple[Malformed, ...]:
    malformed: list[Malformed] = []
    read_document(path, model, malformed)
    return tuple(malformed)
