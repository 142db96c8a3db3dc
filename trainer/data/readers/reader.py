"""What every kind of source gives: pictures one after another, and how many there will be."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from trainer.data.decode import DecodedFile


class Picture(NamedTuple):
    """One image of a source, its class if it has one, its place for error messages, and what its file said, if any."""

    pixels: UInt8[np.ndarray, "h w c"]
    label: int | None
    place: str
    file: DecodedFile | None = None


@runtime_checkable
class Reader(Protocol):
    """A source of pictures. Making one looks at the source; `pictures` reads it through."""

    kind: str

    @property
    def remarks(self) -> Sequence[str]:
        """What was left out, or understood in one way of several, one line each."""

    def __len__(self) -> int:
        """How many pictures there are."""

    def pictures(self) -> Iterator[Picture]:
        """Yield all of them, in an order that only depends on the source's content."""
