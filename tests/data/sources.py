"""Small archives in the formats of other projects."""

import gzip
import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np

from trainer.data.readers.tfrecord import masked_crc32c


def idx_pair(folder: Path, part: str, images: np.ndarray, labels: list[int], packed: bool = True) -> None:
    """Write `<part>-images-idx3-ubyte` and its labels, gzipped or plain."""
    folder.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape)
    files = {"images-idx3": head + images.tobytes(), "labels-idx1": struct.pack(">4BI", 0, 0, 8, 1, len(labels))}
    files["labels-idx1"] += bytes(labels)
    for kind, content in files.items():
        path = folder / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content) if packed else content)


def cifar_batch(images: np.ndarray, labels: list[int], protocol: int = 2) -> bytes:
    """Return a batch of CIFAR-10 from images [n h w c]."""
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return pickle.dumps({b"batch_label": b"one", b"labels": labels, b"data": rows}, protocol=protocol)


def tar_of(path: Path, files: dict[str, bytes]) -> Path:
    """Pack `files` into a gzipped tar archive."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def example(image: np.ndarray, packed: bool = True) -> bytes:
    """Return a tf.train.Example with `shape` and `data` of an image [c h w]."""
    numbers = b"".join(_varint(length) for length in image.shape)
    shape = _field(1, numbers) if packed else b"".join(b"\x08" + _varint(length) for length in image.shape)
    features = _feature("shape", _field(3, shape)) + _feature("data", _field(1, _field(1, image.tobytes())))
    return _field(1, features)


def tfrecords(path: Path, messages: list[bytes]) -> Path:
    """Write `messages` as TFRecords."""
    with path.open("wb") as file:
        for message in messages:
            head = struct.pack("<Q", len(message))
            file.write(head + struct.pack("<I", masked_crc32c(head)) + message + struct.pack("<I", 0))
    return path


def _feature(name: str, value: bytes) -> bytes:
    return _field(1, _field(1, name.encode()) + _field(2, value))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
