"""The cache of decoded images: arrays on disk that all processes of a machine map into memory.

    CACHE_DIR/decoded-<fingerprint>/images.npy    uint8 [n c h w]
    CACHE_DIR/decoded-<fingerprint>/labels.npy    int32 [n], -1 for a set without labels
    CACHE_DIR/decoded-<fingerprint>/seal.json     see trainer.data.seal

The folder appears as a whole; if it is not as it was written, images are decoded again. A lock keeps concurrent
processes from decoding twice; where locks do not work, they decode twice and the first to finish wins. Leftovers of a
killed process are removed by the next holder of the lock.
"""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.entries import fingerprint
from trainer.config.dataset.header import read_header
from trainer.config.dataset.labels import read_labels
from trainer.config.node_paths import decoding_dir
from trainer.data.array_file import read_array
from trainer.data.decode import decode_like
from trainer.data.seal import is_sealed, seal, tell_remade
from trainer.data.staging import staged
from trainer.errors import DataError, OutputError
from trainer.files import create_folder, discard, locked_if_possible, matching, sync

DecodeProgress = Callable[[int, int], None]
"""Called with the number of images done and the total."""

IMAGES_AT_ONCE = 256
PREFIX = "decoded-"
FILES = IMAGES, LABELS = ("images.npy", "labels.npy")


class Decoded(NamedTuple):
    """All images of a set, mapped from disk and read-only, their classes, and the fingerprint of the set."""

    images: UInt8[np.ndarray, "n c h w"]
    labels: Int32[np.ndarray, " n"]
    fingerprint: str = ""


def decoded(path: Path, wanted: str, cache_dir: Path, progress: DecodeProgress | None = None) -> Decoded:
    """Return the images of the set with fingerprint `wanted`, decoded from `path` on first use.

    Once they are cached, `path` is not read: the fingerprint identifies them. Raises DataError if `path` has another
    fingerprint, or an image that cannot be used.
    """
    place = decoding_dir(cache_dir)
    folder = place / f"{PREFIX}{wanted}"
    try:
        return _opened(folder) or _build(path, wanted, folder, progress)
    except OSError as error:
        raise OutputError(place, f"decoded images cannot be stored here ({error.strerror})") from error


def _opened(folder: Path) -> Decoded | None:
    wanted = folder.name.removeprefix(PREFIX)
    images, labels = read_array(folder / IMAGES, np.uint8), read_array(folder / LABELS, np.int32)
    if images is None or labels is None or not _fit(images, labels) or not is_sealed(folder, wanted, FILES):
        return None
    return Decoded(images, np.array(labels), wanted)


def _fit(images: np.ndarray, labels: np.ndarray) -> bool:
    return images.ndim == 4 and len(images) > 0 and labels.shape == images.shape[:1] and bool(labels.min() >= -1)


def _build(path: Path, wanted: str, folder: Path, progress: DecodeProgress | None) -> Decoded:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked_if_possible(folder.with_suffix(".lock")) as alone:
        if alone:
            _remove_leftovers(folder)
        return _opened(folder) or _built(path, wanted, folder, progress)


def _built(path: Path, wanted: str, folder: Path, progress: DecodeProgress | None) -> Decoded:
    def fill(part: Path) -> None:
        _checked(path, wanted, folder.parent)
        tell_remade(folder)
        _discard_unless_whole(folder)  # makes room
        with staged(path) as local:
            _write(path, _checked(local, wanted, folder.parent), part, progress or _silent)
        for name in FILES:
            sync(part / name)
        seal(part, wanted, FILES)
        _discard_unless_whole(folder)

    create_folder(folder, fill)
    found = _opened(folder)
    assert found is not None, "a cache that was just written is readable"
    return found


def _discard_unless_whole(folder: Path) -> None:
    if _opened(folder) is None:
        discard(folder)


def _checked(path: Path, wanted: str, memo_dir: Path) -> Archive:
    archive = open_archive(path, memo_dir)
    present = fingerprint(archive.entries())
    if present != wanted:
        raise DataError(
            path, f"has fingerprint {present}, not {wanted}", "its content has changed: plan the sweep again"
        )
    return archive


def _write(path: Path, archive: Archive, part: Path, progress: DecodeProgress) -> None:
    """Write all images in order, with at most IMAGES_AT_ONCE of them in memory. `path` is what errors name."""
    names = archive.images
    header = read_header(archive.read(names[0]), f"{path}/{names[0]}", None)
    shape = (len(names), header.channels, header.height, header.width)
    _require_space(part, int(np.prod(shape)))
    with (part / IMAGES).open("wb") as file, ThreadPoolExecutor(_cores()) as pool:
        np.lib.format.write_array_header_2_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for start in range(0, len(names), IMAGES_AT_ONCE):
            some = names[start : start + IMAGES_AT_ONCE]
            for pixels in pool.map(lambda name: decode_like(archive.read(name), f"{path}/{name}", header), some):
                file.write(pixels.transpose(2, 0, 1).tobytes())
            progress(start + len(some), len(names))
    with (part / LABELS).open("wb") as file:
        np.save(file, np.array(read_labels(archive).classes or [-1] * len(names), dtype=np.int32))


def _require_space(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        problem = f"the decoded images need {need / 2**30:.3g} GiB, but {free / 2**30:.3g} GiB are free"
        raise OutputError(folder.parent, problem, "free some space, or move the cache")


def _remove_leftovers(folder: Path) -> None:
    for name in (f".{folder.name}.*.tmp", f"{folder.name}.*.part*"):  # of this version, of 0.1
        for left in matching(folder.parent, name):
            shutil.rmtree(left, ignore_errors=True)


def _cores() -> int:
    return min(8, len(os.sched_getaffinity(0)))


def _silent(done: int, total: int) -> None:
    """Report nothing."""
