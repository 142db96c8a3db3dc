"""Decode images to plain pixels: upright, 8 bits, grey, grey with alpha, RGB or RGBA."""

from functools import cache
from typing import Any

from PIL import Image, ImageChops

from trainer.config.dataset.image_file import OPAQUE, ImageFacts

PLAIN = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's mode by number of channels."""

LEVELS = 1 << 16

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that makes an image upright, by EXIF orientation (CIPA DC-008, tag 0x0112)."""


def plain(image: Image.Image, facts: ImageFacts) -> Image.Image:
    """Return the image with plain pixels; a transparent colour or palette entry becomes alpha."""
    alpha = key_alpha(image, facts)
    image.info.pop("transparency", None)
    pixels = _in_eight_bits(image, facts) if _is_grey_integer(image) else _in_mode(image, PLAIN[facts.channels])
    if alpha is not None:
        pixels.putalpha(alpha)
    turn = None if image.format == "TIFF" else UPRIGHT.get(facts.turned)
    return pixels if turn is None else pixels.transpose(turn)


def key_alpha(image: Image.Image, facts: ImageFacts) -> Image.Image | None:
    """Return the alpha channel of a transparent colour or palette entry, None if every pixel is opaque."""
    key = image.info.get("transparency")
    if key is None or facts.channels in (2, 4):
        return None
    alpha = _key_alpha(image, key, facts)
    return alpha if alpha.getextrema()[0] < OPAQUE else None  # type: ignore[operator]


def brightest(image: Image.Image) -> int:
    """Return the highest sample of a grey image of more than 8 bits."""
    return int(image.convert("I").getextrema()[1])  # type: ignore[arg-type]


def _key_alpha(image: Image.Image, key: Any, facts: ImageFacts) -> Image.Image:
    if image.mode == "P":
        return image.point(_palette_alpha(key), "L")
    if image.mode == "RGB":
        levels = [value >> 8 if facts.bits > 8 else value & 255 for value in key]
        first, second, third = (_where(band, level) for band, level in zip(image.split(), levels, strict=True))
        return ImageChops.invert(ImageChops.darker(ImageChops.darker(first, second), third))
    if _is_grey_integer(image):
        return image.convert("I").point(_deep_alpha(key), "L")
    return ImageChops.invert(_where(image.convert("L") if image.mode == "1" else image, key * facts.grey_step & 255))


def _where(band: Image.Image, level: int) -> Image.Image:
    """Return 255 where an 8-bit band equals `level`, 0 elsewhere."""
    return band.point([OPAQUE if value == level else 0 for value in range(256)])


def _palette_alpha(key: int | bytes) -> list[int]:
    if isinstance(key, int):
        return [0 if entry == key else OPAQUE for entry in range(256)]
    return [*key[:256], *[OPAQUE] * (256 - len(key[:256]))]


@cache
def _deep_alpha(key: int) -> tuple[int, ...]:
    return tuple(0 if value == key else OPAQUE for value in range(LEVELS))


def _in_eight_bits(image: Image.Image, facts: ImageFacts) -> Image.Image:
    """Return a grey image of 9 to 16 bits reduced to the high 8 bits of its range."""
    return image.convert("I").point(_high_bytes(facts.bits, facts.inverted), "L")


@cache
def _high_bytes(bits: int, inverted: bool) -> tuple[int, ...]:
    levels = (min(value >> (bits - 8), OPAQUE) for value in range(LEVELS))
    return tuple(OPAQUE - level if inverted else level for level in levels)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    image.load()
    return image if image.mode == mode else image.convert(mode)


def _is_grey_integer(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or image.mode == "I"
