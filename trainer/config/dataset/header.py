"""Size and channels of an image, and the requirements on images that are trained from directly."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from trainer.config.dataset.archive import Archive
from trainer.config.dataset.image_file import ImageFacts, facts_of, is_animated, opened
from trainer.config.dataset.plain_pixels import key_alpha
from trainer.errors import DataError

SMALLEST, LARGEST = 4, 1024
EIGHT_BITS = 8
SOME_INCOMPLETE = "some images are incomplete progressive JPEGs, which lack scans: they are blurred or blocky"


class Header(NamedTuple):
    """Size and format of an image file, of its first frame.

    `bits` are per sample; more than 8 are reduced to 8. `profiled` and `incomplete` as in ImageFacts.
    """

    width: int
    height: int
    channels: int
    bits: int = EIGHT_BITS
    animated: bool = False
    profiled: bool = False
    incomplete: bool = False

    def joined(self, first: "Header | None") -> "Header":
        """Return the size and channels of the first image of a set, with what any image so far is read with."""
        if first is None:
            return self
        return first._replace(
            bits=max(first.bits, self.bits),
            animated=first.animated or self.animated,
            profiled=first.profiled or self.profiled,
            incomplete=first.incomplete or self.incomplete,
        )


def common_header(archive: Archive, names: Sequence[str]) -> Header:
    """Return the size and channels common to the images `names`. Raises DataError for one that does not fit."""
    common: Header | None = None
    for name in names:
        common = read_header(archive.read(name), f"{archive.path}/{name}", common).joined(common)
    assert common is not None, "a data set has images"
    return common


def read_header(content: bytes, place: str, first: Header | None) -> Header:
    """Return the header of an image; pixels are decoded only to look for a transparent colour.

    Raises DataError unless it can be trained from directly, as the first image (`first` is None) or along with `first`.
    """
    with opened(content, place) as image:
        facts = facts_of(image, content, place)
        size = image.width, image.height
        header = Header(*size, facts.channels, facts.bits, is_animated(image), facts.profiled, facts.incomplete)
        if first is None:
            require_square(place, header)
        else:
            require_same(place, header, first)
        require_plain(image, facts, place)
    return header


def reduced(header: Header) -> list[str]:
    """Return remarks on what is not read of the images: low bits of samples, further frames, profiles, lost scans."""
    deep = [f"samples of {header.bits} bits are read as 8 bits, the high byte"] if header.bits > EIGHT_BITS else []
    frames = ["of images with several frames or pages the first is read"] if header.animated else []
    profiles = ["colour profiles other than sRGB are not applied: their colours are off"] if header.profiled else []
    return [*deep, *frames, *profiles, *([SOME_INCOMPLETE] if header.incomplete else [])]


def require_plain(image: Image.Image, facts: ImageFacts, place: str) -> None:
    """Raise DataError if an image needs a conversion that only `data prepare` does."""
    way_out = "apply it to the pixels: adasweep data prepare"
    if facts.turned > 1 and image.format != "TIFF":
        raise DataError(place, f"is rotated by its EXIF orientation {facts.turned}, but its pixels are not", way_out)
    if key_alpha(image, facts) is not None:
        raise DataError(place, "has a transparent colour, which hides pixels", way_out)


def require_square(place: str, header: Header) -> None:
    """Raise DataError unless the image is square and its side a power of two that the networks support."""
    width, height = header.width, header.height
    if width != height or width & (width - 1) or not SMALLEST <= width <= LARGEST:
        problem = f"is {width}x{height}; images must be square, with a power of two from {SMALLEST} to {LARGEST}"
        way_out = f"adasweep data prepare SOURCE NAME --resolution {nearest_power(width, height)}"
        raise DataError(place, problem, f"convert the set: {way_out}")


def require_same(place: str, header: Header, first: Header) -> None:
    """Raise DataError unless an image has the size and channels of the first of its set."""
    if header[:2] != first[:2]:
        problem = f"is {header.width}x{header.height}, but the first image is {first.width}x{first.height}"
        raise DataError(place, problem, "convert all images to one size: adasweep data prepare")
    if header.channels != first.channels:
        problem = f"has {header.channels} channels, but the first image has {first.channels}"
        raise DataError(place, problem, "convert all images to the same channels: adasweep data prepare")


def nearest_power(width: int, height: int) -> int:
    """Return the supported resolution nearest to the size of an image."""
    side = 1 << round(math.log2(max(width, height, 1)))
    return min(max(side, SMALLEST), LARGEST)
