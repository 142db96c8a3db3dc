"""MNIST and similar sets: images and labels as IDX files, gzipped or not (http://yann.lecun.com/exdb/mnist)."""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from trainer.config.dataset.listing import some_of
from trainer.config.dataset.regular import require_regular
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

MAX_BYTES = 1 << 32
IMAGE_FILE = re.compile(r"-images-idx3-ubyte(\.gz)?$")
PART = re.compile(r"(^|-)(train|t10k|test)$")
UNSIGNED_BYTE = 8


class IdxReader:
    """The parts `files` (`train-images-idx3-ubyte`, ...) in order; labels from the files named accordingly."""

    kind = "idx"
    remarks: tuple[str, ...] = ()

    def __init__(self, files: list[Path]) -> None:
        self._parts = [_part(file) for file in files]

    def __len__(self) -> int:
        return sum(len(images) for _, images, _ in self._parts)

    def pictures(self) -> Iterator[Picture]:
        for file, images, labels in self._parts:
            for number, pixels in enumerate(images):
                label = None if labels is None else int(labels[number])
                yield Picture(pixels[:, :, np.newaxis], label, f"{file}[{number}]")


def image_files(folder: Path) -> list[Path]:
    """Return the IDX image files in `folder`: the training part first, then the test part (`t10k`).

    Of a part that is there both packed and unpacked, only the latter. Raises DataError for files of several sets, whose
    classes have different meanings.
    """
    files = sorted(file for file in folder.glob("[!.]*") if IMAGE_FILE.search(file.name.lower()))
    parts = {_part_name(file): file for file in reversed(files)}
    sets = sorted({PART.sub("", part) for part in parts})
    if len(sets) > 1:
        raise DataError(folder, f"has images of several sets: {some_of(sets)}", "give one of the files, not the folder")
    return [parts[part] for part in sorted(parts, key=lambda part: (not part.endswith("train"), part))]


def _part_name(file: Path) -> str:
    """Return the name of a part: `train` of `train-images-idx3-ubyte.gz`."""
    return IMAGE_FILE.sub("", file.name.lower())


def read_idx(file: Path, axes: int) -> UInt8[np.ndarray, "..."]:
    """Return the array in an IDX file, unpacking no more than its header declares."""
    require_regular(file)
    opener = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with opener(file, "rb") as stream:
            lengths = _lengths(file, stream.read(4 + 4 * axes), axes)
            size = math.prod(lengths)
            content = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(file, f"cannot be read ({error})") from None
    if len(content) != size:
        raise DataError(file, f"does not have the {size} bytes that its header declares")
    return np.frombuffer(content, dtype=np.uint8).reshape(lengths)


def _lengths(file: Path, header: bytes, axes: int) -> tuple[int, ...]:
    if len(header) != 4 + 4 * axes or header[:4] != bytes([0, 0, UNSIGNED_BYTE, axes]):
        raise DataError(file, f"is not an IDX file of bytes with {axes} axes")
    lengths = struct.unpack(f">{axes}I", header[4:])
    if math.prod(lengths) > MAX_BYTES:
        raise DataError(file, f"declares {'x'.join(map(str, lengths))} bytes")
    return lengths


def _label_file(images: Path) -> Path | None:
    """Return the label file beside `images`, each gzipped or not, with suffixes in any case."""
    wanted = images.name.lower().replace("images-idx3", "labels-idx1").removesuffix(".gz")
    beside = [file for file in images.parent.glob("*") if file.name.lower().removesuffix(".gz") == wanted]
    return min((file for file in beside if file != images), default=None)


def _part(file: Path) -> tuple[Path, UInt8[np.ndarray, "n h w"], UInt8[np.ndarray, " n"] | None]:
    images = read_idx(file, axes=3)
    beside = _label_file(file)
    if beside is None:
        return file, images, None
    labels = read_idx(beside, axes=1)
    if len(labels) != len(images):
        raise DataError(beside, f"has {len(labels)} labels for {len(images)} images")
    return file, images, labels
