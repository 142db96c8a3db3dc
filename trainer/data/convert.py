"""Convert any source of pictures to a ZIP in the layout for training."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from trainer.config.dataset.describe import FEWEST_IMAGES
from trainer.config.dataset.labels import MAX_CLASSES, NUMBER_CLASSES
from trainer.data.cache import DecodeProgress
from trainer.data.readers.reader import Picture, Reader
from trainer.data.resize import ImageFormat, fits, fitted
from trainer.data.tally import ConversionTally
from trainer.data.writer import ZipWriter
from trainer.errors import DataError, counted


def convert(
    reader: Reader,
    target: Path,
    shape: ImageFormat,
    most: int | None = None,
    progress: DecodeProgress | None = None,
    labels: bool = True,
    recipe: str = "",
) -> int:
    """Write at most `most` pictures of `reader` to the ZIP `target` and return their number.

    Classes are omitted unless `labels`. Pictures that do not fit the shape, as only "wide" has, are skipped. The ZIP's
    settings record how pictures were converted, what was skipped, and the `recipe` if there is one.
    The file appears complete or not at all. Raises DataError, naming the picture, if one cannot be used.
    """
    total = min(len(reader), most or len(reader))
    _require_enough(target, total, reader.remarks)
    settings = {"source": reader.kind, **shape._asdict(), **({"recipe": recipe} if recipe else {})}
    smallest = shape.resolution if shape.fit == "crop" else 0
    tally = ConversionTally(shape.background, asked=shape.channels > 0, smallest=smallest)
    channels: int | None = None
    labelled: bool | None = None
    with ZipWriter(target, settings) as writer:
        for picture in islice(_fitting(reader, shape, tally), total):
            wanted = shape.channels or (picture.file.channels if picture.file else picture.pixels.shape[2])
            label = picture.label if labels else None
            _require_uniform(picture.place, wanted, label, channels, labelled)
            tally.add(picture._replace(label=label), wanted)
            writer.add(fitted(picture.pixels, shape._replace(channels=wanted)), label)
            channels, labelled = wanted, label is not None
            if progress:
                progress(len(writer), total)
        _require_enough(target, len(writer), [*tally.remarks(), *reader.remarks])
        writer.remarks = [*tally.remarks(), *reader.remarks, *_left_out(tally.classes, total, len(reader))]
        return len(writer)


def _fitting(reader: Reader, shape: ImageFormat, tally: ConversionTally) -> Iterator[Picture]:
    for picture in reader.pictures():
        if fits(picture.pixels, shape):
            yield picture
        else:
            tally.skip()


def _require_enough(target: Path, count: int, remarks: Sequence[str]) -> None:
    if count < FEWEST_IMAGES:
        way_out = f"a data set needs at least {FEWEST_IMAGES}"
        raise DataError(target.name, f"would have {counted(count, 'image')}", "; ".join([way_out, *remarks]))


def _require_uniform(place: str, channels: int, label: int | None, before: int | None, labelled: bool | None) -> None:
    if before not in (None, channels):
        problem = f"has {channels} channels, but the images before it have {before}"
        raise DataError(place, problem, "convert all with --channels 1, 3 or 4")
    if labelled not in (None, label is not None):
        raise DataError(place, "has no label" if labelled else "has a label, but the images before it do not")
    if label is not None and not 0 <= label < MAX_CLASSES:
        problem = f"has label {label}, not a class number from 0 to {MAX_CLASSES - 1}"
        raise DataError(place, problem, NUMBER_CLASSES)


def _left_out(classes: int, taken: int, there: int) -> list[str]:
    """Return a remark if images with classes were left out: they are often sorted by class."""
    if not classes or taken == there:
        return []
    return [f"only the first {taken} of {counted(there, 'image')}, which are of {classes} of the classes"]


def first_picture(reader: Reader) -> Picture:
    """Return the first picture of a source."""
    pictures: Iterator[Picture] = reader.pictures()
    for picture in pictures:
        return picture
    raise DataError("source", "has no images")
