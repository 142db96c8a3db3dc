"""Whether a file of evidence is as it was written: a crash, a full disk or an editor may have damaged it.

Of weights and pictures only the two ends are read: what was cut off or filled with zeros is found, no single bit.
"""

import csv
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, TypeAdapter

from trainer.config.job import Job
from trainer.config.plan_file import plan_in
from trainer.config.trial_file import trial_file_in
from trainer.files import parsed_json
from trainer.record import RunRecord
from trainer.recording.requests import Retry, SweepMark

FileCheck = Callable[[BinaryIO, Path], bool]
"""Returns whether the file at a path (which may be elsewhere than its content) is intact; may raise ValueError."""

PNG, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
ZIP = b"PK\x03\x04"
PDF, PDF_END = b"%PDF-", b"%%EOF"
LENGTH_BYTES, MOST_HEADER_BYTES = 8, 100_000_000


class _Tensor(BaseModel):
    data_offsets: tuple[int, int]


_HEADER = TypeAdapter(dict[str, _Tensor])


def is_intact(path: Path, content: bytes | None = None) -> bool:
    """Return whether the file of evidence at `path`, or this content of it, is intact."""
    check = next((check for pattern, check in CHECKS if pattern.search(path.as_posix())), None)
    try:
        with path.open("rb") if content is None else io.BytesIO(content) as file:
            return check is None or check(file, path)
    except (OSError, ValueError, csv.Error):
        return False


def _document(model: type[BaseModel]) -> FileCheck:
    return lambda file, _: bool(model.model_validate_json(file.read()))


def _of_attempt(model: type[Job] | type[RunRecord]) -> FileCheck:
    return lambda file, path: model.model_validate_json(file.read()).attempt == int(path.parent.name)


def _trial(file: BinaryIO, path: Path) -> bool:
    return trial_file_in(file.read(), path.parent.name) is not None


def _plan(file: BinaryIO, _: Path) -> bool:
    return plan_in(file.read()) is not None


def _object(file: BinaryIO, _: Path) -> bool:
    return isinstance(parsed_json(file.read()), dict)


def _lines(file: BinaryIO, _: Path) -> bool:
    """Return whether every line is JSON; the last may be cut off."""
    content = file.read()
    whole = content.rpartition(b"\n")[0]
    return b"\0" not in content and all(parsed_json(line) is not None for line in whole.split(b"\n") if line)


def _table(file: BinaryIO, _: Path) -> bool:
    """Return whether all rows of a CSV file are as long as its header, and the last one ends."""
    text = file.read().decode()
    return text.endswith("\n") and len({len(row) for row in csv.reader(io.StringIO(text, newline=""))}) == 1


def _between(start: bytes, end: bytes, most_after: int = 0) -> FileCheck:
    """Return a check that a file starts and ends so, with at most a few bytes after the end."""

    def check(file: BinaryIO, _: Path) -> bool:
        starts, size = file.read(len(start)) == start, file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(end) - most_after))
        return starts and end in file.read()

    return check


def _archive(file: BinaryIO, _: Path) -> bool:
    return file.read(len(ZIP)) == ZIP and zipfile.is_zipfile(file)


def _tensors(file: BinaryIO, _: Path) -> bool:
    """Return whether a safetensors file is as long as its header says."""
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if not 0 < length <= MOST_HEADER_BYTES:
        return False
    header = parsed_json(file.read(length))
    if not isinstance(header, dict):
        return False
    header.pop("__metadata__", None)
    ends = [one.data_offsets[1] for one in _HEADER.validate_python(header).values()]
    return file.seek(0, os.SEEK_END) == LENGTH_BYTES + length + max(ends, default=0)


CHECKS: tuple[tuple[re.Pattern[str], FileCheck], ...] = tuple(
    (re.compile(pattern), check)
    for pattern, check in (
        (r"/trial\.json$", _trial),
        (r"/job\.json$", _of_attempt(Job)),
        (r"/record\.json$", _of_attempt(RunRecord)),
        (r"/retry\.json$", _document(Retry)),
        (r"/(stops|cancels)/[^/]*\.json$", _document(SweepMark)),
        (r"/plan\.json$", _plan),
        (r"\.json$", _object),
        (r"\.jsonl$", _lines),
        (r"\.csv$", _table),
        (r"\.png$", _between(PNG, PNG_END)),
        (r"\.pdf$", _between(PDF, PDF_END, most_after=2)),
        (r"\.npz$", _archive),
        (r"\.safetensors$", _tensors),
    )
)
"""The first pattern that a path has tells how its file is checked; others, such as empty marks, are always intact."""
