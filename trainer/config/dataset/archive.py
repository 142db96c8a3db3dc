"""Where the images of a data set lie: a folder, or a ZIP of one. Both hold the same files and have one fingerprint.

    00000/img00000000.png ...      images, in any folders
    dataset.json                   optional: {"labels": [["00000/img00000000.png", 6], ...]}

Files of other kinds are passed over. Names are relative, with forward slashes, in sorted order.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

from trainer.config.dataset.entries import FileEntry
from trainer.config.dataset.folder import Folder
from trainer.config.dataset.zip import Zip
from trainer.errors import DataError


@runtime_checkable
class Archive(Protocol):
    """The files of a data set, wherever they are."""

    path: Path

    @property
    def images(self) -> list[str]:
        """Names of all images, sorted."""

    def entries(self) -> list[FileEntry]:
        """Images and label file by content."""

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""

    def read(self, name: str) -> bytes:
        """The content of one file. Safe to call from several threads."""


def open_archive(path: Path, memo_dir: Path | None = None) -> Archive:
    """Return the folder or ZIP at `path`; a folder's checksums are remembered in `memo_dir`.

    Raises DataError when there is neither, or it cannot be used.
    """
    if path.is_dir():
        return Folder(path, memo_dir)
    if path.is_file():
        return Zip(path)
    raise DataError(path, "no such folder or ZIP file")
