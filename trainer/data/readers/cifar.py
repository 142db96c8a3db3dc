"""CIFAR-10 and CIFAR-100 in their original formats: pickles of arrays, in a tar archive or unpacked (Krizhevsky 2009).

CIFAR-10 has its 50,000 training images in data_batch_1 to 5 and 10,000 more in test_batch; CIFAR-100 in train and test.
"""

import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from trainer.config.dataset.regular import read_regular
from trainer.data.readers.inert_pickle import as_bytes, load_inert
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

SIDE = 32
MAX_BATCH_BYTES = 256 << 20
BATCH_PREFIX = "data_batch_"


class Release(NamedTuple):
    """The files of one of the two sets: of training images, of test images, and the key of their classes."""

    kind: str
    title: str
    training: tuple[str, ...]
    test: str
    classes: bytes


CIFAR10 = Release(
    "cifar10", "CIFAR-10", tuple(f"{BATCH_PREFIX}{number}" for number in range(1, 6)), "test_batch", b"labels"
)
CIFAR100 = Release("cifar100", "CIFAR-100", ("train",), "test", b"fine_labels")
FILES = {name for release in (CIFAR10, CIFAR100) for name in (*release.training, release.test)}


class Batch:
    """One batch file: images and their classes."""

    def __init__(self, content: bytes, place: str, release: Release) -> None:
        self.place = place
        try:
            batch = load_inert(content)
            self.images: UInt8[np.ndarray, "n 3 32 32"] = as_bytes(batch[b"data"]).reshape(-1, 3, SIDE, SIDE)
            self.labels = [int(label) for label in batch[release.classes]]
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise DataError(place, f"is not a batch of {release.title} ({error})") from None
        if len(self.labels) != len(self.images) or min(self.labels, default=0) < 0:
            raise DataError(place, f"has {len(self.labels)} labels for {len(self.images)} images")


class CifarReader:
    """The training images in order, and in `test_images` those of the test split, None if the archive lacks them.

    Nothing in the archive is executed or extracted.
    """

    def __init__(
        self, kind: str, batches: list[Batch], test_images: "CifarReader | None" = None, missing: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.remarks = [f"missing: {', '.join(missing)}; the set has only the other batches"] if missing else []
        self._batches = batches
        self.test_images = test_images

    @classmethod
    def of(cls, path: Path) -> "CifarReader":
        """Return the reader of an archive or its folder. Raises DataError unless it has training images."""
        files = _in_folder(path) if path.is_dir() else _in_tar(path)
        release = CIFAR100 if CIFAR100.training[0] in files else CIFAR10
        training = [_batch(files, name, release, path) for name in release.training if name in files]
        if not training:
            way_out = "give cifar-10-python.tar.gz, cifar-100-python.tar.gz, or the folder of either"
            raise DataError(
                path, f"has no {BATCH_PREFIX}1, as CIFAR-10 has, and no {CIFAR100.training[0]}, as CIFAR-100", way_out
            )
        test = [_batch(files, release.test, release, path)] if release.test in files else []
        missing = [name for name in release.training if name not in files]
        return cls(release.kind, training, cls(release.kind, test) if test else None, missing)

    def __len__(self) -> int:
        return sum(len(batch.images) for batch in self._batches)

    def pictures(self) -> Iterator[Picture]:
        for batch in self._batches:
            for number, (pixels, label) in enumerate(zip(batch.images, batch.labels, strict=True)):
                yield Picture(pixels.transpose(1, 2, 0), label, f"{batch.place}[{number}]")


def is_cifar_folder(path: Path) -> bool:
    """Return whether a folder has the files of CIFAR-10 or of CIFAR-100."""
    return any(path.glob(f"{BATCH_PREFIX}*")) or all((path / name).is_file() for name in ("train", "test", "meta"))


def _batch(files: Mapping[str, bytes], name: str, release: Release, path: Path) -> Batch:
    return Batch(files[name], f"{path}/{name}", release)


def _in_folder(path: Path) -> dict[str, bytes]:
    return {name: read_regular(path / name, MAX_BATCH_BYTES) for name in FILES if (path / name).exists()}


def _in_tar(path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(path) as archive:
            return dict(_batches_of(archive, path))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(path, f"is not a readable tar archive ({error})") from None


def _batches_of(archive: tarfile.TarFile, path: Path) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        name = PurePosixPath(member.name).name
        if member.isreg() and name in FILES:
            _require_sane(f"{path}/{name}", member.size)
            file = archive.extractfile(member)
            assert file is not None, "a regular member has content"
            yield name, file.read()


def _require_sane(place: str, size: int) -> None:
    if size > MAX_BATCH_BYTES:
        raise DataError(place, f"has {size} bytes, too many for a batch")
