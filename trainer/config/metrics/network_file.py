"""The files of feature networks that users provide, and what is wrong with one; nothing of a file is executed."""

import hashlib
import os
import stat
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from trainer.config.dataset.zip import DAMAGE
from trainer.config.stored import reason_of

INCEPTION_FILE: Final = "inception-2015-12-05.pt"
INCEPTION_SHA256: Final = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
CHECKSUMS: Final[Mapping[str, str]] = {"inception": INCEPTION_SHA256}
"""The sha256 of the only file that a network can be, as far as there is only one."""

PROGRAM: Final = "/code/"
"""What is in the names of TorchScript's sources inside its ZIP."""


def file_fault(network: str, path: str) -> str:
    """Return why the file at `path` cannot be that of a network, "" if it can be."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return f"{path!r} is not a regular file; write {network}:/path/to/file.pt"
        fault = _content_fault(path, CHECKSUMS.get(network, ""), (status.st_size, status.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no file {path!r}; write {network}:/path/to/file.pt"
    except (OSError, ValueError) as error:
        return f"{path!r} {reason_of(error)}; write {network}:/path/to/file.pt"
    return f"{path!r} {fault}; write {network}:/path/to/file.pt" if fault else ""


@lru_cache(maxsize=16)
def _content_fault(path: str, sha256: str, _version: tuple[int, int]) -> str:
    with Path(path).open("rb") as file:
        if not zipfile.is_zipfile(file) or not _has_program(path):
            return "is not a TorchScript file"
        found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else ""
    if found != sha256:
        return f"is not the official file {INCEPTION_FILE}: its sha256 is {found[:12]}…, not {sha256[:12]}…"
    return ""


def _has_program(path: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PROGRAM in name for name in archive.namelist())
    except DAMAGE:
        return False
