"""The files below a folder: regular files only, without loops of links."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trainer.config.dataset.entries import is_hidden, is_image, is_label_file
from trainer.config.dataset.listing import some_of
from trainer.errors import DataError, counted

FolderId = tuple[int, int]
"""Device and inode."""


@dataclass
class FolderContent:
    """Names of files, relative to the folder, and what was skipped or followed."""

    names: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    irregular: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def remarks(self) -> list[str]:
        """Return one remark for each kind of entry that was skipped or followed."""
        kinds = (
            (
                self.links,
                "skipped: {} behind a link ({}); prepare follows links with --follow-links",
                "folder",
            ),
            (self.followed, "followed: {} behind a link ({})", "folder"),
            (self.broken, "skipped: {} ({})", "broken link"),
            (self.irregular, "skipped: {} ({}): a pipe, socket or device", "irregular file"),
        )
        return [text.format(counted(len(names), what), some_of(sorted(names))) for names, text, what in kinds if names]


def walk(root: Path, follow_links: bool = False) -> FolderContent:
    """Return the files below `root`; links to folders are followed, if at all, after all real folders."""
    found = FolderContent()
    seen: set[FolderId] = set()
    pending = [""]
    while pending:
        for inside in pending:
            _visit(root, inside, found, seen)
        pending = _unseen(root, found, seen) if follow_links else []
    return found


def _unseen(root: Path, found: FolderContent, seen: set[FolderId]) -> list[str]:
    """Return the links to folders that were not visited yet, and move them from skipped to followed."""
    links, found.links = sorted(found.links), []
    fresh: list[str] = []
    for link in links:
        identity = _identity(root / link)
        if identity not in seen:
            seen.add(identity)
            fresh.append(link)
    found.followed += fresh
    return fresh


def _visit(root: Path, inside: str, found: FolderContent, seen: set[FolderId]) -> None:
    folders = [inside]
    while folders:
        folder = folders.pop()
        seen.add(_identity(root / folder))
        for entry in _listed(root / folder):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                _reject_label_file(entry)
                folders.append(name)
            else:
                _sort_in(entry, name, found)


def _sort_in(entry: os.DirEntry[str], name: str, found: FolderContent) -> None:
    """Classify a file or the target of a link; broken links to images count as files, so that reading reports them."""
    if _is_folder(entry):
        _reject_label_file(entry)
        found.links.append(name)
    elif not is_image(name) and not is_label_file(name):
        (found.names if os.path.exists(entry.path) else found.broken).append(name)
    elif _is_irregular(entry):
        _reject_label_file(entry)
        found.irregular.append(name)
    else:
        found.names.append(name)


def _reject_label_file(entry: os.DirEntry[str]) -> None:
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
    """Yield the entries of a folder that are not hidden, sorted by name."""
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
