"""CIFAR-10 in its original format: pickles of arrays, in a tar archive or unpacked (Krizhevsky 2009)."""

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8

from trainer.config.dataset.regular import read_regular
from trainer.data.readers.inert_pickle import as_bytes, load_inert
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

SIDE = 32
MAX_BATCH_BYTES = 256 << 20
BATCH_PREFIX = "data_batch_"
"""The 50,000 training images, as used to train GANs. `test_batch` is skipped."""


class Batch:
    """One batch file: images and their classes."""

    def __init__(self, content: bytes, place: str) -> None:
        self.place = place
        try:
            batch = load_inert(content)
            self.images: UInt8[np.ndarray, "n 3 32 32"] = as_bytes(batch[b"data"]).reshape(-1, 3, SIDE, SIDE)
            self.labels = [int(label) for label in batch[b"labels"]]
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise DataError(place, f"is not a batch of CIFAR-10 ({error})") from None
        if len(self.labels) != len(self.images) or min(self.labels, default=0) < 0:
            raise DataError(place, f"has {len(self.labels)} labels for {len(self.images)} images")


class CifarReader:
    """The images of all `data_batch_*`, in order. Nothing in the archive is executed or extracted."""

    kind = "cifar10"
    remarks: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        files = _in_folder(path) if path.is_dir() else _in_tar(path)
        self._batches = [Batch(content, f"{path}/{name}") for name, content in sorted(files.items())]
        if not self._batches:
            raise DataError(path, f"has no {BATCH_PREFIX}1", "give cifar-10-python.tar.gz or its folder")

    def __len__(self) -> int:
        return sum(len(batch.images) for batch in self._batches)

    def pictures(self) -> Iterator[Picture]:
        for batch in self._batches:
            for number, (pixels, label) in enumerate(zip(batch.images, batch.labels, strict=True)):
                yield Picture(pixels.transpose(1, 2, 0), label, f"{batch.place}[{number}]")


def _in_folder(path: Path) -> dict[str, bytes]:
    files = {file.name: file for file in path.glob(f"{BATCH_PREFIX}*")}
    return {name: read_regular(file, MAX_BATCH_BYTES) for name, file in files.items()}


def _in_tar(path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(path) as archive:
            return dict(_batches_of(archive, path))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(path, f"is not a readable tar archive ({error})") from None


def _batches_of(archive: tarfile.TarFile, path: Path) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        name = PurePosixPath(member.name).name
        if member.isreg() and name.startswith(BATCH_PREFIX):
            _require_sane(f"{path}/{name}", member.size)
            file = archive.extractfile(member)
            assert file is not None, "a regular member has content"
            yield name, file.read()


def _require_sane(place: str, size: int) -> None:
    if size > MAX_BATCH_BYTES:
        raise DataError(place, f"has {size} bytes, too many for a batch")
