"""The interface of data sources: a sequence of pictures, and their number."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from trainer.data.decode import DecodedFile


class Picture(NamedTuple):
    """One image of a source, its class if any, its place for error messages, and its decoded file, if any."""

    pixels: UInt8[np.ndarray, "h w c"]
    label: int | None
    place: str
    file: DecodedFile | None = None


@runtime_checkable
class Reader(Protocol):
    """A source of pictures. The constructor inspects the source; `pictures` reads it."""

    kind: str

    @property
    def remarks(self) -> Sequence[str]:
        """What was skipped or ambiguous, one line each."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def pictures(self) -> Iterator[Picture]:
        """Yield all pictures, in an order that depends only on the source's content."""
