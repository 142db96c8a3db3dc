"""The files below a folder: regular ones only, and no loop of links."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trainer.config.dataset.entries import is_hidden, is_image, is_label_file
from trainer.config.dataset.listing import counted, some_of
from trainer.errors import DataError

FolderId = tuple[int, int]
"""Device and inode."""


@dataclass
class FolderContent:
    """Names of files, relative to the folder, and what was left out."""

    names: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    irregular: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def remarks(self) -> list[str]:
        """Return what was left out or followed, one line for each kind."""
        told = (
            (
                self.links,
                "left out: {} behind a link ({}); prepare takes it with --follow-links",
                "folder",
            ),
            (self.followed, "taken: {} behind a link ({})", "folder"),
            (self.broken, "left out: {} leading nowhere ({})", "link"),
            (self.irregular, "left out: {} ({}): a pipe, socket or device", "irregular file"),
        )
        return [text.format(counted(len(names), what), some_of(sorted(names))) for names, text, what in told if names]


def walk(root: Path, follow_links: bool = False) -> FolderContent:
    """Return the files below `root`; links to folders are followed, if at all, after all folders that are none."""
    found = FolderContent()
    seen: set[FolderId] = set()
    pending = [""]
    while pending:
        for inside in pending:
            _look_into(root, inside, found, seen)
        pending = _unseen(root, found, seen) if follow_links else []
    return found


def _unseen(root: Path, found: FolderContent, seen: set[FolderId]) -> list[str]:
    """Return links to folders that were not looked into; they are no longer left out."""
    links, found.links = sorted(found.links), []
    fresh: list[str] = []
    for link in links:
        identity = _identity(root / link)
        if identity not in seen:
            seen.add(identity)
            fresh.append(link)
    found.followed += fresh
    return fresh


def _look_into(root: Path, inside: str, found: FolderContent, seen: set[FolderId]) -> None:
    folders = [inside]
    while folders:
        folder = folders.pop()
        seen.add(_identity(root / folder))
        for entry in _listed(root / folder):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                _refuse_label_file(entry)
                folders.append(name)
            else:
                _sort_in(entry, name, found)


def _sort_in(entry: os.DirEntry[str], name: str, found: FolderContent) -> None:
    """Put a file, or what a link leads to, where it belongs; broken links count as files, to be found by reading."""
    if _is_folder(entry):
        _refuse_label_file(entry)
        found.links.append(name)
    elif not is_image(name) and not is_label_file(name):
        (found.names if os.path.exists(entry.path) else found.broken).append(name)
    elif _is_irregular(entry):
        _refuse_label_file(entry)
        found.irregular.append(name)
    else:
        found.names.append(name)


def _refuse_label_file(entry: os.DirEntry[str]) -> None:
    if is_label_file(entry.name):
        raise DataError(entry.path, "is not a regular file")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_irregular(entry: os.DirEntry[str]) -> bool:
    try:
        return os.path.exists(entry.path) and not entry.is_file()
    except OSError:
        return False


def _listed(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in a folder and is not hidden, in order of names."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(folder, f"cannot be read ({error.strerror})") from None
    yield from found


def _identity(folder: Path) -> FolderId:
    try:
        status = folder.stat()
    except OSError as error:
        raise DataError(folder, f"cannot be read ({error.strerror})") from None
    return status.st_dev, status.st_ino
