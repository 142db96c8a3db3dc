"""The seal of cached files, by which one notices that one was changed, replaced, or is another set's.

    FOLDER/seal.json         what it is the cache of; of each file, its SHA-256 and its state when that was computed
    FOLDER/FILE.seal.json    the same of a single file, whose name says what it is the cache of

A file that is still in that state is not read again. In a copy of the folder it is, once.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer.config.dataset.memo import state_of
from trainer.config.stored import read_document
from trainer.files import replace_file
from trainer.runtime.console import log

NAME = "seal.json"


class _SealedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: str
    state: tuple[int, ...]


class _Seal(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    of: str
    files: dict[str, _SealedFile]


def seal(folder: Path, of: str, names: Iterable[str]) -> None:
    """Write the seal of a folder that is the cache of `of`."""
    _put(folder / NAME, of, names)


def is_sealed(folder: Path, of: str, names: Iterable[str]) -> bool:
    """Return whether the folder is the cache of `of`, and its files are as they were sealed."""
    return _holds(folder / NAME, of, names)


def seal_file(path: Path) -> None:
    """Write the seal of a single file."""
    _put(_of_file(path), path.name, [path.name])


def is_file_sealed(path: Path) -> bool:
    """Return whether a single file is there and as it was sealed."""
    return path.is_file() and _holds(_of_file(path), path.name, [path.name])


def tell_remade(path: Path) -> None:
    """Tell that what is in the place of a cached file or folder, if anything, is another, and is made again."""
    if os.path.lexists(path):
        log(f"adasweep: {path} is not as it was cached; it is made again")


def _of_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.{NAME}")


def _put(place: Path, of: str, names: Iterable[str]) -> None:
    _write(place, _Seal(of=of, files={name: _sealed(place.with_name(name)) for name in names}))


def _holds(place: Path, of: str, names: Iterable[str]) -> bool:
    known = read_document(place, _Seal)
    if known is None:
        return False
    now = _Seal(of=of, files={name: _sealed(place.with_name(name), known.files.get(name)) for name in names})
    if _content(now) != _content(known):
        return False
    if now != known:
        with suppress(OSError):  # in a cache that cannot be written, the files are read again next time
            _write(place, now)
    return True


def _sealed(path: Path, known: _SealedFile | None = None) -> _SealedFile:
    state = state_of(path)
    if known and known.state == state:
        return known
    with path.open("rb") as file:
        return _SealedFile(sha256=hashlib.file_digest(file, "sha256").hexdigest(), state=state)


def _content(one: _Seal) -> tuple[str, dict[str, str]]:
    return one.of, {name: file.sha256 for name, file in one.files.items()}


def _write(place: Path, one: _Seal) -> None:
    replace_file(place, one.model_dump_json(indent=1))
