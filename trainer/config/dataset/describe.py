"""Finding a data set and telling what it is, without decoding an image: what planning a sweep needs to know."""

import difflib
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.entries import fingerprint
from trainer.config.dataset.labels import read_labels
from trainer.errors import DataError

NAMED_SETS = (
    "fashion-mnist-10k",
    "fashion-mnist-10k-16",
    "fashion-mnist-10k-16-rgb",
    "fashion-mnist",
    "satellite16",
    "satellite32",
    "satellite64",
)
"""The sets that `adasweep data get` knows; the registry in trainer.data.get has exactly these."""

SMALLEST, LARGEST = 4, 1024
FEWEST_IMAGES = 2
HEADERS_READ = 64
CHANNELS = {"1": 1, "L": 1, "P": 3, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 3, "YCbCr": 3}
"""Channels that an image of a Pillow mode is trained with."""


class Header(NamedTuple):
    """What an image file says of itself."""

    width: int
    height: int
    channels: int


def locate(name_or_path: str | Path, data_dir: Path) -> Path:
    """Return the folder or ZIP meant by `name_or_path`: a set in `data_dir` by name, or any path.

    A bare word is a name first: `data_dir`/WORD.zip, then the folder `data_dir`/WORD, then WORD as a path.
    """
    text = str(name_or_path)
    if not text.strip():
        raise DataError("data", "no data set is named", "give a name, a folder or a ZIP file")
    candidates = [data_dir / f"{text}.zip", data_dir / text] if _is_bare(text) else []
    for path in [*candidates, Path(text).expanduser()]:
        if path.exists():
            return path.resolve()
    raise _not_found(text, data_dir)


def describe(name_or_path: str | Path, data_dir: Path) -> DataDescription:
    """Return name, fingerprint, number, size, channels and classes of the images of a data set.

    Every name and checksum is looked at, but only up to HEADERS_READ images, evenly spread, are asked for their size:
    decoding (`trainer.data.cache`) and `data verify` ask all of them.
    """
    path = locate(name_or_path, data_dir)
    archive = open_archive(path, memo_dir=data_dir)
    count = len(archive.images)
    if count < FEWEST_IMAGES:
        raise DataError(path, f"has {count} images", f"a data set needs at least {FEWEST_IMAGES} PNG or JPEG files")
    header = common_header(archive, _spread(archive.images, HEADERS_READ))
    labels = read_labels(archive)
    return DataDescription(
        name=path.stem if path.is_file() else path.name,
        fingerprint=fingerprint(archive.entries()),
        images=count,
        resolution=header.width,
        channels=header.channels,
        classes=1 + max(labels) if labels else 0,
    )


def common_header(archive: Archive, names: Sequence[str]) -> Header:
    """Return the size and channels that the images `names` share. Raises DataError naming one that is unfit."""
    first = read_header(archive, names[0])
    require_square(f"{archive.path}/{names[0]}", first)
    for name in names[1:]:
        require_same(f"{archive.path}/{name}", read_header(archive, name), first)
    return first


def read_header(archive: Archive, name: str) -> Header:
    """Return what the image `name` says of itself; its pixels are not decoded."""
    place = f"{archive.path}/{name}"
    try:
        with Image.open(io.BytesIO(archive.read(name))) as image:
            return Header(image.width, image.height, CHANNELS[image.mode])
    except KeyError as mode:
        raise DataError(place, f"has pixels of kind {mode}, not 8-bit grey or colour", "prepare the set") from None
    except UnidentifiedImageError:
        raise DataError(place, "is not an image, or not a whole one", "remove it or copy it again") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(place, f"is not an image ({error})".replace("<", "").replace(">", "")) from None


def require_square(place: str, header: Header) -> None:
    """Raise DataError unless the image is square and its side a power of two that the networks can make."""
    width, height, _ = header
    if width != height or width & (width - 1) or not SMALLEST <= width <= LARGEST:
        problem = f"is {width}x{height}; images must be square, with a power of two from {SMALLEST} to {LARGEST}"
        way_out = f"adasweep data prepare SOURCE NAME --resolution {nearest_power(width, height)}"
        raise DataError(place, problem, f"convert the set: {way_out}")


def require_same(place: str, header: Header, first: Header) -> None:
    """Raise DataError unless an image is like the first of its set."""
    if header[:2] != first[:2]:
        problem = f"is {header.width}x{header.height}, but the first image is {first.width}x{first.height}"
        raise DataError(place, problem, "bring all images to one size: adasweep data prepare")
    if header.channels != first.channels:
        problem = f"has {header.channels} channels, but the first image has {first.channels}"
        raise DataError(place, problem, "bring all images to the same channels: adasweep data prepare")


def nearest_power(width: int, height: int) -> int:
    """Return the resolution that suits an image of this size best."""
    side = 1 << round(math.log2(max(width, height, 1)))
    return min(max(side, SMALLEST), LARGEST)


def _spread(names: Sequence[str], most: int) -> list[str]:
    """Return at most `most` of `names`, evenly spread, the first and the last among them."""
    if len(names) <= most:
        return list(names)
    return [names[index * (len(names) - 1) // (most - 1)] for index in range(most)]


def _is_bare(text: str) -> bool:
    return "/" not in text and "\\" not in text and text not in (".", "..", "~")


def _not_found(text: str, data_dir: Path) -> DataError:
    if text in NAMED_SETS:
        return DataError(text, f"is not in {data_dir} yet", f"get it with: adasweep data get {text}")
    if not _is_bare(text):
        return DataError(text, "no such folder or ZIP file", _sibling_hint(Path(text).expanduser()))
    here = sorted({path.stem if path.suffix == ".zip" else path.name for path in _listing(data_dir)})
    return DataError(text, f"no data set of this name in {data_dir}", _did_you_mean(text, [*here, *NAMED_SETS]))


def _sibling_hint(path: Path) -> str:
    if not path.parent.is_dir():
        return f"{path.parent} does not exist either"
    return _did_you_mean(path.name, [entry.name for entry in _listing(path.parent)])


def _did_you_mean(wrong: str, names: list[str]) -> str:
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else "see: adasweep data list"


def _listing(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".zip" or path.is_dir()]
    except OSError:
        return []
