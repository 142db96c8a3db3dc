"""Folders and ZIPs of image files, of any sizes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.labels import read_labels
from trainer.data.decode import decode
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

LabelSource = Literal["keep", "folders", "none"]


class ImageReader:
    """The images below a folder or in a ZIP, in order of their names.

    Labels "keep" takes those of `dataset.json`; "folders" numbers the outermost folders as classes; "none" drops them.
    """

    kind = "images"

    def __init__(self, path: Path, labels: LabelSource = "keep") -> None:
        self._archive = open_archive(path)
        self._labels = _classes(self._archive, labels)

    def __len__(self) -> int:
        return len(self._archive.images)

    def pictures(self) -> Iterator[Picture]:
        for number, name in enumerate(self._archive.images):
            place = f"{self._archive.path}/{name}"
            label = self._labels[number] if self._labels else None
            yield Picture(decode(self._archive.read(name), place), label, place)


def _classes(archive: Archive, labels: LabelSource) -> list[int] | None:
    if labels == "none":
        return None
    if labels == "keep":
        return read_labels(archive)
    folders = [name.split("/")[0] if "/" in name else "" for name in archive.images]
    if "" in folders:
        problem = f"image {archive.images[folders.index('')]} is in no folder, so it has no class"
        raise DataError(archive.path, problem)
    number = {folder: index for index, folder in enumerate(sorted(set(folders)))}
    return [number[folder] for folder in folders]
