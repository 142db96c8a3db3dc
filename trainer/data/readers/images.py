"""Folders and ZIPs of image files, of any sizes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.entries import canonical
from trainer.config.dataset.labels import Labelling, read_labels
from trainer.config.dataset.listing import common_folder
from trainer.config.dataset.survey import PARTS
from trainer.data.decode import decode_any
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

LabelSource = Literal["keep", "folders", "none"]


CLASSES_NAMED = 50


class ImageReader:
    """The images below a folder or in a ZIP, in order of their names.

    Labels "keep" uses those of `dataset.json`; "folders" numbers the outermost folders as classes, below any folder
    that contains all images; "none" drops them.
    """

    kind = "images"

    def __init__(self, path: Path, labels: LabelSource = "keep", follow_links: bool = False) -> None:
        self._archive = open_archive(path, follow_links=follow_links)
        labelling = _labelling(self._archive, labels)
        self._labels = labelling.classes
        self.remarks = [*labelling.remarks, *self._archive.remarks]

    def __len__(self) -> int:
        return len(self._archive.images)

    def pictures(self) -> Iterator[Picture]:
        for number, name in enumerate(self._archive.images):
            place = f"{self._archive.path}/{name}"
            label = self._labels[number] if self._labels else None
            file = decode_any(self._archive.read(name), place)
            yield Picture(file.pixels, label, place, file)


def _labelling(archive: Archive, labels: LabelSource) -> Labelling:
    if labels == "keep":
        return read_labels(archive)
    return Labelling(None, []) if labels == "none" else _by_folder(archive)


def _by_folder(archive: Archive) -> Labelling:
    around = common_folder(archive.images)
    names = [canonical(name).removeprefix(f"{around}/") for name in archive.images]
    if around and not any("/" in name for name in names):
        problem = f"all images are directly in one folder, {around}, so there are no classes"
        raise DataError(archive.path, problem, "remove --labels folders")
    folders = [name.split("/")[0] if "/" in name else "" for name in names]
    if "" in folders:
        problem = f"image {archive.images[folders.index('')]} is not in a folder, so it has no class"
        raise DataError(archive.path, problem)
    if folders and PARTS.issuperset(folder.lower() for folder in folders):
        parts = ", ".join(sorted(set(folders)))
        way_out = "prepare each folder alone, or leave classes out: --labels none"
        raise DataError(archive.path, f"has folders named as parts of a set, not as classes: {parts}", way_out)
    number = {folder: index for index, folder in enumerate(sorted(set(folders)))}
    return Labelling([number[folder] for folder in folders], _remarks(list(number), around))


def _remarks(classes: Sequence[str], around: str) -> list[str]:
    named = ", ".join(f"{number} {name}" for number, name in enumerate(classes[:CLASSES_NAMED]))
    remark = f"classes are the folders, sorted by name: {named}{' ...' if len(classes) > CLASSES_NAMED else ''}"
    return [remark, *([f"all images are in the folder {around}; its subfolders are the classes"] if around else [])]
