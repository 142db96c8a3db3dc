"""Any source of images, to a ZIP that can be trained from: `adasweep data prepare`."""

from pathlib import Path

from trainer.config.dataset.describe import LARGEST, SMALLEST, nearest_power
from trainer.data.cache import DecodeProgress
from trainer.data.convert import convert, first_picture
from trainer.data.readers.cifar import BATCH_PREFIX, CifarReader
from trainer.data.readers.idx import IdxReader, image_files
from trainer.data.readers.images import ImageReader, LabelSource
from trainer.data.readers.lsun import LsunReader
from trainer.data.readers.reader import Reader
from trainer.data.readers.tfrecord import TfRecordReader, record_files
from trainer.data.resize import Fit, ImageFormat, ResizeFilter
from trainer.errors import DataError, OutputError

KINDS = "a folder or ZIP of images, cifar-10-python.tar.gz, MNIST's IDX files, TFRecords, or an LMDB folder of LSUN"


def open_source(path: Path, labels: LabelSource = "keep") -> Reader:
    """Return the reader that fits what lies at `path`."""
    if path.is_dir():
        return _open_folder(path, labels)
    if not path.is_file():
        raise DataError(path, "does not exist", f"give {KINDS}")
    if path.suffix == ".zip":
        return ImageReader(path, labels)
    if ".tar" in path.suffixes or path.suffix in (".tgz", ".tar"):
        return CifarReader(path)
    if "images-idx3" in path.name:
        return IdxReader([path])
    if path.suffix == ".tfrecords":
        return TfRecordReader(path)
    raise DataError(path, "is of no kind that can be read", f"give {KINDS}")


def _open_folder(path: Path, labels: LabelSource) -> Reader:
    if (path / "data.mdb").exists():
        return LsunReader(path)
    if record_files(path):
        return TfRecordReader(path)
    if image_files(path):
        return IdxReader(image_files(path))
    if any(path.glob(f"{BATCH_PREFIX}*")):
        return CifarReader(path)
    return ImageReader(path, labels)


def prepare(
    source: Path,
    target: Path,
    resolution: int | None = None,
    fit: Fit = "crop",
    filter: ResizeFilter = "lanczos",
    channels: int = 0,
    most: int | None = None,
    labels: LabelSource = "keep",
    replace: bool = False,
    progress: DecodeProgress | None = None,
) -> int:
    """Write the images at `source` to the ZIP `target` and return how many they are.

    Without `resolution` the images must have a fitting size already. The same images and settings give the same bytes.
    """
    if target.suffix != ".zip":
        raise DataError(target, "is not the name of a ZIP file", f"write {target.name}.zip")
    if target.exists() and not replace:
        raise OutputError(target, "is there already", "choose another name, or allow it with --force")
    reader = open_source(source, labels)
    shape = ImageFormat(resolution or _size_of(reader, source), fit, filter, channels)
    _require_power_of_two(shape.resolution)
    return convert(reader, target, shape, most, progress)


def _size_of(reader: Reader, source: Path) -> int:
    if not len(reader):
        raise DataError(source, "has no images", f"give {KINDS}")
    first = first_picture(reader)
    height, width = map(int, first.pixels.shape[:2])
    if height != width or width & (width - 1):
        way_out = f"say what to make of it: --resolution {nearest_power(width, height)} --fit crop, or --fit pad"
        raise DataError(first.place, f"is {width}x{height}", way_out)
    return width


def _require_power_of_two(resolution: int) -> None:
    if resolution & (resolution - 1) or not SMALLEST <= resolution <= LARGEST:
        problem = f"{resolution} is not a power of two from {SMALLEST} to {LARGEST}"
        raise DataError("resolution", problem, "the networks double their size from 4 on")
