"""What a folder or ZIP of images of any sizes holds, read from a few headers: what `data prepare` could make of it."""

from pathlib import Path
from statistics import median
from typing import NamedTuple

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.describe import HEADERS_READ, require_images, spread_out
from trainer.config.dataset.entries import canonical
from trainer.config.dataset.header import LARGEST, SMALLEST
from trainer.config.dataset.image_file import CHANNELS, opened
from trainer.config.dataset.listing import common_folder

MOST_CLASSES = 1000
GREY = frozenset(mode for mode, channels in CHANNELS.items() if channels < 3) | {"I", "F"}
"""Pillow's modes of grey images."""

PARTS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})
"""Names of folders that are parts of a set, not classes."""


class Survey(NamedTuple):
    """The number of images, the median of their shorter sides in pixels, and the folders that look like classes.

    `channels` are those to train with: 1 where all images are grey, else 3. Transparency is not learnt.
    """

    images: int
    shorter_side: int
    channels: int
    class_folders: list[str]

    def resolution(self, most: int) -> int:
        """Return the largest power of two, at most `most`, that needs no enlarging of a typical image."""
        side = min(self.shorter_side, most, LARGEST)
        return max(1 << (side.bit_length() - 1), SMALLEST)


def survey(path: Path) -> Survey:
    """Return the survey of a folder or ZIP. Raises DataError if it has too few images, or one cannot be read."""
    archive = open_archive(path)
    require_images(archive)
    seen = [_side_and_mode(archive, name) for name in spread_out(archive.images, HEADERS_READ)]
    channels = 1 if all(mode in GREY for _, mode in seen) else 3
    return Survey(len(archive.images), int(median(side for side, _ in seen)), channels, _class_folders(archive))


def _side_and_mode(archive: Archive, name: str) -> tuple[int, str]:
    with opened(archive.read(name), f"{archive.path}/{name}") as image:
        return min(image.size), image.mode


def _class_folders(archive: Archive) -> list[str]:
    """Return the outermost folders if every image is in one of several that have names, not only numbers or parts."""
    if archive.label_file:
        return []
    around = common_folder(archive.images)
    names = [canonical(name).removeprefix(f"{around}/").split("/") for name in archive.images]
    folders = sorted({parts[0] for parts in names if len(parts) > 1})
    is_whole = all(len(parts) > 1 for parts in names)
    is_named = not all(folder.isdigit() or folder.lower() in PARTS for folder in folders)
    return folders if is_whole and is_named and 1 < len(folders) <= MOST_CLASSES else []
