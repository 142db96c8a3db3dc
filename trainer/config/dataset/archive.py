"""The files of a data set: a folder, or a ZIP of it with the same fingerprint.

    00000/img00000000.png ...      images, in any folders
    dataset.json                   optional: {"labels": [["00000/img00000000.png", 6], ...]}

Other files are skipped and counted. Names are relative, with forward slashes, in sorted order.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

from trainer.config.dataset.entries import FileEntry
from trainer.config.dataset.folder import Folder
from trainer.config.dataset.foreign import require_no_other_kind
from trainer.config.dataset.zip import Zip
from trainer.errors import DataError


@runtime_checkable
class Archive(Protocol):
    """The files of a data set, in a folder or a ZIP."""

    path: Path

    @property
    def images(self) -> list[str]:
        """Names of all images, sorted."""

    @property
    def label_file(self) -> str | None:
        """Name of the file with the classes."""

    @property
    def remarks(self) -> list[str]:
        """What was skipped, one sentence each."""

    def entries(self) -> list[FileEntry]:
        """Images and label file, with their checksums."""

    def read(self, name: str, most: int = ...) -> bytes:
        """The content of one file of at most `most` bytes. Thread-safe."""


def open_archive(path: Path, memo_dir: Path | None = None, follow_links: bool = False) -> Archive:
    """Return the folder or ZIP at `path`; a folder's checksums are cached in `memo_dir`.

    Raises DataError if there is neither, or if it cannot be used.
    """
    if path.is_dir():
        return Folder(path, memo_dir, follow_links)
    if path.is_file():
        require_no_other_kind(path)
        return Zip(path)
    if path.exists():
        raise DataError(path, "is neither a folder nor a ZIP file")
    raise DataError(path, "no such folder or ZIP file")
