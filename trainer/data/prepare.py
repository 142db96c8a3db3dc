"""Convert any source of images to a ZIP for training: `adasweep data prepare`."""

import re
import zipfile
from pathlib import Path

from trainer.config.dataset.companion import beside
from trainer.config.dataset.describe import is_zip
from trainer.config.dataset.header import LARGEST, SMALLEST, nearest_power
from trainer.config.dataset.regular import require_regular, usable_path
from trainer.data.cache import DecodeProgress
from trainer.data.convert import convert, first_picture
from trainer.data.readers.cifar import CifarReader, is_cifar_folder
from trainer.data.readers.idx import IdxReader, image_files
from trainer.data.readers.images import ImageReader, LabelSource
from trainer.data.readers.lsun import LsunReader
from trainer.data.readers.reader import Reader
from trainer.data.readers.tfrecord import RECORD_SUFFIX, TfRecordReader, record_files
from trainer.data.resize import Fit, ImageFormat, ResizeFilter, colour
from trainer.errors import DataError, OutputError

KINDS = (
    "a folder or ZIP of images, cifar-10-python.tar.gz, cifar-100-python.tar.gz, MNIST's IDX files, TFRecords, or an "
    "LMDB folder of LSUN"
)


TAR = re.compile(r"\.(tar(\.[^.]+)?|tgz|tbz2?|txz)$")


def open_source(path: Path, labels: LabelSource = "keep", follow_links: bool = False) -> Reader:
    """Return the reader for the source at `path`."""
    if not path.exists():
        raise DataError(path, "does not exist", f"give {KINDS}")
    if not path.is_dir():
        require_regular(path)
    reader = _special(path)
    if reader is None:
        return ImageReader(path, labels, follow_links)
    if labels == "folders":
        raise DataError(path, f"is of kind {reader.kind}, whose images are not in folders", "remove --labels folders")
    return reader


def _special(path: Path) -> Reader | None:
    """Return the reader of a source other than a folder or ZIP of images, by its suffix in any case."""
    if path.is_dir():
        return _special_folder(path)
    name = path.name.lower()
    if TAR.search(name):
        return CifarReader.of(path)
    if "images-idx3" in name:
        return IdxReader([path])
    if name.endswith(RECORD_SUFFIX):
        return TfRecordReader(path)
    if is_zip(path) or zipfile.is_zipfile(path):
        return None
    raise DataError(path, "is not a supported source", f"give {KINDS}")


def _special_folder(path: Path) -> Reader | None:
    if (path / "data.mdb").exists():
        return LsunReader(path)
    if record_files(path):
        return TfRecordReader(path)
    if image_files(path):
        return IdxReader(image_files(path))
    return CifarReader.of(path) if is_cifar_folder(path) else None


def prepare(
    source: Path,
    target: Path,
    resolution: int | None = None,
    fit: Fit = "crop",
    filter: ResizeFilter = "lanczos",
    channels: int = 0,
    most: int | None = None,
    labels: LabelSource = "keep",
    background: str = "white",
    follow_links: bool = False,
    replace: bool = False,
    progress: DecodeProgress | None = None,
) -> int:
    """Write the images at `source` to the ZIP `target` and return their number.

    Without `resolution` the images must already have a valid size. The same images and settings give the same bytes.
    Test images, as CIFAR has, become a set of their own beside `target`.
    """
    colour(background)
    source, target = usable_path(source), checked_target(target, replace)
    reader = open_source(source, labels, follow_links)
    size = _size_of(reader, source) if resolution is None else resolution
    shape = ImageFormat(size, fit, filter, channels, background)
    _require_power_of_two(shape.resolution)
    if isinstance(reader, CifarReader) and reader.test_images:
        convert(reader.test_images, checked_target(beside(target), replace), shape, labels=labels != "none")
    return convert(reader, target, shape, most, progress, labels != "none")


def checked_target(target: Path, replace: bool) -> Path:
    """Return where to write a ZIP. Raises DataError or OutputError if it cannot be written there."""
    target = usable_path(target)
    if not is_zip(target):
        raise DataError(target, "does not end in .zip", f"write {target.name}.zip")
    if target.is_dir():
        raise OutputError(target, "is a folder", "choose another name")
    if target.exists() and not replace:
        raise OutputError(target, "exists already", "choose another name, or overwrite it with --force")
    return target


def _size_of(reader: Reader, source: Path) -> int:
    if not len(reader):
        raise DataError(source, "has no images", "; ".join([f"give {KINDS}", *reader.remarks]))
    first = first_picture(reader)
    height, width = map(int, first.pixels.shape[:2])
    if height != width or width & (width - 1):
        way_out = f"choose how to convert it: --resolution {nearest_power(width, height)} --fit crop, or --fit pad"
        raise DataError(first.place, f"is {width}x{height}", way_out)
    return width


def _require_power_of_two(resolution: int) -> None:
    if resolution & (resolution - 1) or not SMALLEST <= resolution <= LARGEST:
        problem = f"{resolution} is not a power of two from {SMALLEST} to {LARGEST}"
        raise DataError("resolution", problem, "the networks double their size from 4 on")
