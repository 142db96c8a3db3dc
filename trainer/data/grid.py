"""Which and how many images a sample grid shows: as many as fit a screen of 7680 by 4320 pixels."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

SCREEN_WIDTH, SCREEN_HEIGHT = 7680, 4320
MOST = 32
FEWEST_COLUMNS, FEWEST_ROWS = 7, 4


class GridSize(NamedTuple):
    """Columns and rows of a grid of images."""

    columns: int
    rows: int

    @property
    def images(self) -> int:
        return self.columns * self.rows


def grid_size(resolution: int) -> GridSize:
    """Return the size of a grid of images of `resolution` pixels: from 32 x 32 small images to 7 x 4 large ones."""
    columns, rows = SCREEN_WIDTH // resolution, SCREEN_HEIGHT // resolution
    return GridSize(min(max(columns, FEWEST_COLUMNS), MOST), min(max(rows, FEWEST_ROWS), MOST))


def grid_indices(size: GridSize, images: int, labels: Sequence[int] | None = None) -> list[int]:
    """Return `size.images` indices in 0..images-1, row by row, deterministic in the arguments.

    Without labels, they follow a random order, repeated if it ends. With labels, each row shows one class, rows cycle
    through the classes, and each class cycles through its own random order.
    """
    random = np.random.RandomState(0)
    groups = [list(range(images))] if labels is None else _by_class(labels)
    for group in groups:
        random.shuffle(group)
    streams = [_endless(group) for group in groups]
    rows = (islice(streams[row % len(streams)], size.columns) for row in range(size.rows))
    return [index for row in rows for index in row]


def _by_class(labels: Sequence[int]) -> list[list[int]]:
    return [[index for index, label in enumerate(labels) if label == wanted] for wanted in sorted(set(labels))]


def _endless(group: list[int]) -> Iterator[int]:
    while True:
        yield from group
