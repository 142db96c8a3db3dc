"""TFRecords in the multi-resolution layout of ProGAN and StyleGAN: `<name>-r02.tfrecords` (4x4) ... `-r10` (1024x1024).

A record is: length (8 bytes, little endian), its masked CRC-32C (4), the data, their masked CRC-32C (4). The data are a
tf.train.Example with `shape` [c h w] and `data`. Labels are one-hot rows in `<name>-rxx.labels`, a .npy file. A folder
may hold the files of several sets.
"""

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8

from trainer.config.dataset.listing import some_of
from trainer.config.dataset.regular import read_regular, require_regular
from trainer.data.readers.protobuf import parse_example
from trainer.data.readers.reader import Picture
from trainer.errors import DataError

HEADER_BYTES, FOOTER_BYTES = 12, 4
MAX_RECORD_BYTES = 1 << 28
MAX_LABEL_BYTES = 1 << 30
RECORD_SUFFIX = ".tfrecords"
OF_RESOLUTION = re.compile(r"-r([0-9]{2}|xx)$")


class TfRecordReader:
    """The images of one `.tfrecords` file, or of the one with the highest resolution in a folder."""

    kind = "tfrecords"
    remarks: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._file = _finest(path) if path.is_dir() else path
        require_regular(self._file)
        self._lengths = list(_lengths(self._file))
        self._labels = _labels(self._file, len(self._lengths))

    def __len__(self) -> int:
        return len(self._lengths)

    def pictures(self) -> Iterator[Picture]:
        with self._file.open("rb") as file:
            for number, length in enumerate(self._lengths):
                place = f"{self._file}[{number}]"
                file.seek(HEADER_BYTES, 1)
                pixels = _pixels(file.read(length), place)
                file.seek(FOOTER_BYTES, 1)
                yield Picture(pixels, self._labels[number] if self._labels else None, place)


def record_files(folder: Path) -> list[Path]:
    """Return the record files in `folder`, lowest resolution first."""
    return _with_suffix(folder, RECORD_SUFFIX)


def _with_suffix(folder: Path, suffix: str) -> list[Path]:
    """Return the files in `folder` with this suffix, in any case."""
    return sorted(file for file in folder.glob("[!.]*") if file.suffix.lower() == suffix)


def _finest(folder: Path) -> Path:
    files = record_files(folder)
    if not files:
        raise DataError(folder, "has no *.tfrecords")
    sets = sorted({_set_name(file) for file in files})
    if len(sets) > 1:
        raise DataError(
            folder, f"has records of several sets: {some_of(sets)}", "give one of the files, not the folder"
        )
    return files[-1]


def _set_name(file: Path) -> str:
    """Return the name of the set that a file of records or labels belongs to."""
    return OF_RESOLUTION.sub("", file.stem.lower())


def _lengths(path: Path) -> Iterator[int]:
    """Yield the length of every record, reading headers only."""
    size = path.stat().st_size
    with path.open("rb") as file:
        place = 0
        while place < size:
            length = _length(file, f"{path} at byte {place}")
            place += HEADER_BYTES + length + FOOTER_BYTES
            if place > size:
                raise DataError(path, "ends in the middle of a record")
            file.seek(place)
            yield length


def _length(file: BinaryIO, place: str) -> int:
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or masked_crc32c(header[:8]) != struct.unpack("<I", header[8:])[0]:
        raise DataError(place, "is not the header of a TFRecord")
    length: int = struct.unpack("<Q", header[:8])[0]
    if length > MAX_RECORD_BYTES:
        raise DataError(place, f"has {length} bytes, too many for an image")
    return length


def _pixels(record: bytes, place: str) -> UInt8[np.ndarray, "h w c"]:
    try:
        features = parse_example(record)
        shape = [int(length) for length in features["shape"]]
        pixels = np.frombuffer(bytes(features["data"][0]), dtype=np.uint8).reshape(shape)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(place, f"is not an image record ({error})") from None
    if pixels.ndim != 3 or not 1 <= shape[0] <= 4 or not pixels.size:
        raise DataError(place, f"has shape {shape}, not [channels, height, width]")
    return pixels.transpose(1, 2, 0)


def _label_files(records: Path) -> list[Path]:
    """Return the label files of the set of `records`; whatever their names if the folder has no other set."""
    files = _with_suffix(records.parent, ".labels")
    own = [file for file in files if _set_name(file) == _set_name(records)]
    is_only = {_set_name(file) for file in record_files(records.parent)} == {_set_name(records)}
    return own or (files if is_only else [])


def _labels(records: Path, count: int) -> list[int] | None:
    files = _label_files(records)
    if not files:
        return None
    try:
        content = io.BytesIO(read_regular(files[0], MAX_LABEL_BYTES))
        rows = np.lib.format.read_array(content, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError, OverflowError) as error:
        raise DataError(files[0], f"is not a .npy file of labels ({error})") from None
    if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or rows.dtype.kind not in "biuf":
        raise DataError(files[0], f"has labels of shape {list(rows.shape)} and kind {rows.dtype} for {count} images")
    odd = np.flatnonzero(((rows != 0).sum(axis=1) != 1) | (rows.max(axis=1) != 1))
    if len(odd):
        raise DataError(f"{files[0]}[{odd[0]}]", "is not one class: a row must have a single 1, and 0 elsewhere")
    return [int(label) for label in rows.argmax(axis=1)]


def masked_crc32c(content: bytes) -> int:
    """Return the checksum of TFRecords: CRC-32C (Castagnoli), rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
