"""A node's own copy of an archive, from which its images are decoded: read once in order, not image by image."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trainer.config.node_paths import STAGE
from trainer.errors import DataError, OutputError
from trainer.files import remove_abandoned, temporary_name

CHUNK = 1 << 22
"""Bytes copied at a time."""


@contextmanager
def staged(path: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Yield a checked copy of a file in the folder ADASWEEP_STAGE, removed at the end; `path` itself if it is not set.

    A folder of images is read where it is. Copies of killed processes are removed first. Raises OutputError if the
    folder is full or cannot be written to, DataError if the copy differs.
    """
    to = environment.get(STAGE, "")
    if not to or path.is_dir():
        yield path
        return
    folder = Path(to)
    copy = temporary_name(folder / path.name)
    try:
        try:
            _copy(path, copy)
        except OSError as error:
            raise OutputError(folder, f"{path} cannot be copied here ({error.strerror})", WAY_OUT) from error
        yield copy
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            copy.unlink()


WAY_OUT = "name another folder in `stage` of the profile, or leave it out"


def _copy(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(copy.parent)
    size, free = path.stat().st_size, shutil.disk_usage(copy.parent).free
    if size > free:
        problem = f"the copy of {path} needs {size / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free"
        raise OutputError(copy.parent, problem, WAY_OUT)
    with path.open("rb") as source, copy.open("xb") as target:
        wanted = _digest(source, target)
    with copy.open("rb") as written:
        found = _digest(written)
    if found != wanted or copy.stat().st_size != size:
        raise DataError(path, f"its copy in {copy.parent} differs", "check the disk, or leave out `stage`")


def _digest(source: BinaryIO, target: BinaryIO | None = None) -> bytes:
    """Return the SHA-256 of a file, writing it to `target` on the way."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        if target:
            target.write(chunk)
    return digest.digest()
