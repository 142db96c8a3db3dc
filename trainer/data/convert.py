"""From any source of pictures to a ZIP of the one layout that is trained from."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from trainer.config.dataset.describe import FEWEST_IMAGES
from trainer.data.cache import DecodeProgress
from trainer.data.readers.reader import Picture, Reader
from trainer.data.resize import ImageFormat, fitted
from trainer.data.writer import ZipWriter
from trainer.errors import DataError


def convert(
    reader: Reader, target: Path, shape: ImageFormat, most: int | None = None, progress: DecodeProgress | None = None
) -> int:
    """Write the pictures of `reader`, at most `most` of them, to the ZIP `target` and return how many they are.

    The file appears complete or not at all. Raises DataError for a picture that cannot be used, naming it.
    """
    total = min(len(reader), most or len(reader))
    if total < FEWEST_IMAGES:
        raise DataError(target.name, f"would have {total} images", f"a data set needs at least {FEWEST_IMAGES}")
    settings = {"source": reader.kind, **shape._asdict()}
    channels: int | None = None
    labelled: bool | None = None
    with ZipWriter(target, settings) as writer:
        for picture in islice(reader.pictures(), total):
            pixels = fitted(picture.pixels, shape)
            _require_uniform(picture, pixels.shape[2], channels, labelled)
            channels, labelled = pixels.shape[2], picture.label is not None
            writer.add(pixels, picture.label)
            if progress:
                progress(len(writer), total)
    return total


def _require_uniform(picture: Picture, channels: int, before: int | None, labelled: bool | None) -> None:
    if before not in (None, channels):
        problem = f"has {channels} channels, but the images before it have {before}"
        raise DataError(picture.place, problem, "bring all to the same with --channels 1, 3 or 4")
    if labelled not in (None, picture.label is not None):
        raise DataError(picture.place, "has no label" if labelled else "has a label, but the images before it do not")


def first_picture(reader: Reader) -> Picture:
    """Return the first picture of a source."""
    pictures: Iterator[Picture] = reader.pictures()
    for picture in pictures:
        return picture
    raise DataError("source", "has no images")
