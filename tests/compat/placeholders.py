"""Small data sets of drawn images, and large ones of identical images for plans, which read only names and sizes."""

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw


def write_placeholder(path: Path, images: int, side: int, mode: str, classes: int = 0) -> None:
    """Write a ZIP of `images` equal images of `side` pixels (Pillow's `mode`), labels in turn if it has classes."""
    write_set(path, [_png(Image.new(mode, (side, side)))] * images, classes)


def write_shapes(path: Path, images: int) -> None:
    """Write a ZIP of grey rectangles, 8x8 pixels, with ten labels. The same bytes every time."""
    write_set(path, (_png(_rectangle(index)) for index in range(images)), classes=10)


def write_set(path: Path, images: Iterable[bytes], classes: int) -> None:
    """Write a data set in the layout of the field."""
    labels = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for index, image in enumerate(images):
            name = f"{index // 1000:05d}/img{index:08d}.png"
            archive.writestr(zipfile.ZipInfo(name), image)
            labels.append([name, index % max(classes, 1)])
        if classes:
            archive.writestr(zipfile.ZipInfo("dataset.json"), json.dumps({"labels": labels}))


def _rectangle(index: int) -> Image.Image:
    image = Image.new("L", (8, 8), 11 * index % 90)
    left, top = index % 5, index // 5 % 5
    ImageDraw.Draw(image).rectangle((left, top, left + 1 + index % 3, top + 1 + index % 4), 255 - 7 * index % 120)
    return image


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
