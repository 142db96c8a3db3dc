"""Convert any source of pictures to a ZIP in the layout for training."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from trainer.config.dataset.describe import FEWEST_IMAGES
from trainer.config.dataset.labels import MAX_CLASSES
from trainer.data.cache import DecodeProgress
from trainer.data.readers.reader import Picture, Reader
from trainer.data.resize import ImageFormat, fitted
from trainer.data.tally import ConversionTally
from trainer.data.writer import ZipWriter
from trainer.errors import DataError


def convert(
    reader: Reader,
    target: Path,
    shape: ImageFormat,
    most: int | None = None,
    progress: DecodeProgress | None = None,
    labels: bool = True,
) -> int:
    """Write at most `most` pictures of `reader` to the ZIP `target` and return their number.

    Classes are omitted unless `labels`. The ZIP's settings record how pictures were converted, and what was skipped.
    The file appears complete or not at all. Raises DataError, naming the picture, if one cannot be used.
    """
    total = min(len(reader), most or len(reader))
    if total < FEWEST_IMAGES:
        way_out = f"a data set needs at least {FEWEST_IMAGES}"
        raise DataError(target.name, f"would have {total} images", "; ".join([way_out, *reader.remarks]))
    settings = {"source": reader.kind, **shape._asdict()}
    tally = ConversionTally(shape.background)
    channels: int | None = None
    labelled: bool | None = None
    with ZipWriter(target, settings) as writer:
        for picture in islice(reader.pictures(), total):
            wanted = shape.channels or (picture.file.channels if picture.file else picture.pixels.shape[2])
            label = picture.label if labels else None
            _require_uniform(picture.place, wanted, label, channels, labelled)
            tally.add(picture, wanted)
            writer.add(fitted(picture.pixels, shape._replace(channels=wanted)), label)
            channels, labelled = wanted, label is not None
            if progress:
                progress(len(writer), total)
        writer.remarks = [*tally.remarks(), *reader.remarks]
    return total


def _require_uniform(place: str, channels: int, label: int | None, before: int | None, labelled: bool | None) -> None:
    if before not in (None, channels):
        problem = f"has {channels} channels, but the images before it have {before}"
        raise DataError(place, problem, "convert all with --channels 1, 3 or 4")
    if labelled not in (None, label is not None):
        raise DataError(place, "has no label" if labelled else "has a label, but the images before it do not")
    if label is not None and not 0 <= label < MAX_CLASSES:
        raise DataError(place, f"has label {label}, not a class number from 0 to {MAX_CLASSES - 1}")


def first_picture(reader: Reader) -> Picture:
    """Return the first picture of a source."""
    pictures: Iterator[Picture] = reader.pictures()
    for picture in pictures:
        return picture
    raise DataError("source", "has no images")
