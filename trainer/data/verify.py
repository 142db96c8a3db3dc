"""Verify every image of a data set: that it decodes and is uniform; find duplicates."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.describe import FEWEST_IMAGES
from trainer.config.dataset.entries import fingerprint
from trainer.config.dataset.header import Header, read_header, reduced
from trainer.config.dataset.labels import empty_classes, read_labels
from trainer.config.dataset.preparation import read_settings
from trainer.data.cache import DecodeProgress
from trainer.data.decode import decode_like
from trainer.errors import DataError


@dataclass
class Findings:
    """What `verify` found. `problems` are one line each; duplicates are reported, but are not problems."""

    path: str
    fingerprint: str
    images: int
    resolution: int = 0
    channels: int = 0
    class_counts: dict[int, int] = field(default_factory=dict)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(path: Path, progress: DecodeProgress | None = None) -> Findings:
    """Return the findings on the set at `path`. Decodes every image and compares every checksum."""
    archive = open_archive(path)
    found = Findings(str(path), fingerprint(archive.entries()), len(archive.images), settings=read_settings(path))
    if not archive.images:
        found.problems.append(str(DataError(path, "has no images")))
    elif len(archive.images) < FEWEST_IMAGES:
        found.problems.append(str(DataError(path, f"has 1 image; a data set needs at least {FEWEST_IMAGES}")))
    try:
        labels = read_labels(archive)
        found.class_counts = dict(sorted(Counter(labels.classes or []).items()))
        found.remarks += [*empty_classes(labels.classes), *labels.remarks]
    except DataError as error:
        found.problems.append(str(error))
    _check_all(archive, found, progress)
    found.remarks += archive.remarks
    return found


def _check_all(archive: Archive, found: Findings, progress: DecodeProgress | None) -> None:
    first: Header | None = None
    seen: dict[bytes, str] = {}
    for number, name in enumerate(archive.images, 1):
        try:
            header, digest = _check_image(archive, name, first)
        except DataError as error:
            found.problems.append(str(error))
            continue
        first = header.joined(first)
        earlier = seen.setdefault(digest, name)
        if earlier != name:
            found.duplicates.append((earlier, name))
        if progress:
            progress(number, found.images)
    if first:
        found.resolution, found.channels = first.width, first.channels
        found.remarks += reduced(first)


def _check_image(archive: Archive, name: str, first: Header | None) -> tuple[Header, bytes]:
    """Return header and pixel hash of an image. Raises DataError if it does not decode or differs from the first."""
    content, place = archive.read(name), f"{archive.path}/{name}"
    header = read_header(content, place, first)
    pixels = decode_like(content, place, first)
    return header, sha256(pixels.tobytes()).digest()
