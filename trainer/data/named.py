"""The data sets that can be got by name: what each is, under which licence, and where it comes from."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from trainer.data.fit import Shape
from trainer.data.readers.idx import IdxReader
from trainer.data.readers.reader import Reader

Say = Callable[[str], None]
"""Tells the person at the terminal what is being done, one line at a time."""


class NamedSet(NamedTuple):
    """A data set with a name. `source` makes its reader; what it fetches goes to the folder that it is given.

    `fingerprint` is known where the pixels are exact; they are not where a JPEG decoder has a say.
    """

    title: str
    licence: str
    images: int
    shape: Shape
    source: Callable[[Path, Say], Reader]
    fingerprint: str | None = None


def _embedded(_: Path, say: Say) -> Reader:
    say("taking the part that travels inside the project")
    return IdxReader([Path(str(files("trainer.data") / "embedded" / "t10k-images-idx3-ubyte.gz"))])


FASHION_LICENCE = "MIT, copyright 2017 Zalando SE (Xiao, Rasul, Vollgraf, arXiv:1708.07747)"
FASHION_SHAPE = Shape(32, fit="pad", channels=1)

REGISTRY: dict[str, NamedSet] = {
    "fashion-mnist-10k": NamedSet(
        title="Fashion-MNIST, test part: 10 classes of clothes, grey, 28x28 padded to 32x32",
        licence=FASHION_LICENCE,
        images=10_000,
        shape=FASHION_SHAPE,
        source=_embedded,
        fingerprint="4a888c4b2bf8a923",
    ),
}
