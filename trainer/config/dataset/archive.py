"""Where the images of a data set lie: a folder, or a ZIP of one. Both hold the same files and have one fingerprint.

    00000/img00000000.png ...      images, in any folders
    dataset.json                   optional: {"labels": [["00000/img00000000.png", 6], ...]}

Files of other kinds are passed over, and counted. Names are relative, with forward slashes, in sorted order.
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

    @property
    def label_file(self) -> str | None:
        """Name of the file with the classes."""

    @property
    def remarks(self) -> list[str]:
        """What lies here and is left out, in words."""

    def entries(self) -> list[FileEntry]:
        """Images and label file by content."""

    def read(self, name: str, most: int = ...) -> bytes:
        """The content of one file, of at most `most` bytes. Safe to call from several threads."""


def open_archive(path: Path, memo_dir: Path | None = None, follow_links: bool = False) -> Archive:
    """Return the folder or ZIP at `path`; a folder's checksums are remembered in `memo_dir`.

    Raises DataError when there is neither, or it cannot be used.
    """
    if path.is_dir():
        return Folder(path, memo_dir, follow_links)
    if path.is_file():
        return Zip(path)
    if path.exists():
        raise DataError(path, "is neither a folder nor a ZIP file")
    raise DataError(path, "no such folder or ZIP file")
