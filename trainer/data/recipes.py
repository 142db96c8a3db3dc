"""Sets of the papers whose images depend on how they are cut: each name stands for one preparation of one source."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from trainer.data.cache import DecodeProgress
from trainer.data.convert import convert
from trainer.data.prepare import checked_target, open_source
from trainer.data.readers.images import LabelSource
from trainer.data.readers.reader import Picture, Reader
from trainer.data.resize import ImageFormat
from trainer.errors import DataError


class CropGrid(NamedTuple):
    """A grid of overlapping crops of `side` pixels, spread evenly from edge to edge."""

    columns: int
    rows: int
    side: int


class Recipe(NamedTuple):
    """How the set is cut from the source as distributed. `images` is the size of the complete set, if it is known."""

    source: str
    licence: str
    shape: ImageFormat
    images: int | None = None
    most: int | None = None
    tiles: CropGrid | None = None
    labels: LabelSource = "none"


LSUN = "photographs from the web; the authors of LSUN give no licence (Yu et al., arXiv:1506.03365)"

RECIPES: Mapping[str, Recipe] = {
    "brecahad-512": Recipe(
        source="the 162 images of BreCaHAD, in 12 overlapping crops each (Karras et al. 2020)",
        licence="CC BY 4.0 (Aksac et al., BMC Research Notes 12, 2019)",
        shape=ImageFormat(512, channels=3),
        images=1_944,
        tiles=CropGrid(columns=4, rows=3, side=512),
    ),
    "ffhq-256": Recipe(
        source="FFHQ as images or TFRecords, reduced by a box filter (Karras et al. 2020)",
        licence="CC BY-NC-SA 4.0 as a data set; the photographs have licences of their own (Karras et al. 2019)",
        shape=ImageFormat(256, filter="box", channels=3),
        images=70_000,
    ),
    "imagenet-128": Recipe(
        source="the training images of ImageNet (ILSVRC 2012), a folder for each class (Brock et al. 2019)",
        licence="research and education only, under the terms of image-net.org",
        shape=ImageFormat(128, channels=3),
        images=1_281_167,
        labels="folders",
    ),
    "lsun-car-512": Recipe(
        source="LSUN Car, 512x384 between black bars, without images that are smaller or wider (Karras et al. 2020)",
        licence=LSUN,
        shape=ImageFormat(512, fit="wide", channels=3),
    ),
    "lsun-cat-256": Recipe(
        source="the first 200,000 images of LSUN Cat (Karras et al. 2020)",
        licence=LSUN,
        shape=ImageFormat(256, channels=3),
        images=200_000,
        most=200_000,
    ),
}


class TiledReader:
    """The crops of every picture, row by row. Raises DataError for a picture smaller than one crop."""

    def __init__(self, whole: Reader, tiles: CropGrid) -> None:
        self._whole, self._tiles = whole, tiles
        self.kind, self.remarks = whole.kind, whole.remarks

    def __len__(self) -> int:
        return len(self._whole) * self._tiles.columns * self._tiles.rows

    def pictures(self) -> Iterator[Picture]:
        columns, rows, side = self._tiles
        for picture in self._whole.pictures():
            height, width = picture.pixels.shape[:2]
            if min(height, width) < side:
                raise DataError(picture.place, f"is {width}x{height}, smaller than a crop of {side}x{side}")
            for top in _starts(height - side, rows):
                for left in _starts(width - side, columns):
                    yield Picture(picture.pixels[top : top + side, left : left + side], picture.label, picture.place)


def _starts(room: int, count: int) -> list[int]:
    """Return `count` whole numbers spread evenly over 0..room."""
    return [round(room * number / max(count - 1, 1)) for number in range(count)]


def recipe_called(name: str) -> Recipe:
    """Return a recipe by name. Raises DataError, suggesting the nearest name."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(RECIPES)}"
        raise DataError("--recipe", f"no recipe is called {name!r}", way_out)
    return RECIPES[name]


def follow(
    name: str, recipe: Recipe, source: Path, target: Path, replace: bool = False, progress: DecodeProgress | None = None
) -> int:
    """Write the set of a recipe to the ZIP `target` and return the number of its images.

    Raises DataError if the source is too small for the recipe.
    """
    target = checked_target(target, replace)
    reader = open_source(source, recipe.labels)
    if recipe.tiles:
        reader = TiledReader(reader, recipe.tiles)
    there = min(len(reader), recipe.most or len(reader))
    if recipe.images not in (None, there):
        way_out = f"the recipe takes {recipe.source}"
        raise DataError(source, f"would make {there:,} images, but {name} has {recipe.images:,}", way_out)
    return convert(reader, target, recipe.shape, recipe.most, progress, recipe.labels != "none", name)
