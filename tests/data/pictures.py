"""Small generated data sets."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainer.config.dataset.config import DataConfig
from trainer.config.dataset.describe import describe
from trainer.data.png import encode_png


def pixels(number: int, side: int = 8, channels: int = 3) -> np.ndarray:
    """Return the image [h w c] with this number; each number gives a different one."""
    return np.random.RandomState(number).randint(0, 256, (side, side, channels), dtype=np.uint8)


def name(number: int) -> str:
    return f"{number // 1000:05d}/img{number:08d}.png"


def folder_set(path: Path, count: int, labels: Sequence[int] | None = None, side: int = 8, channels: int = 3) -> Path:
    """Write `count` PNG files, and `dataset.json` if there are labels."""
    for number in range(count):
        file = path / name(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode_png(pixels(number, side, channels)))
    if labels is not None:
        rows = [[name(number), label] for number, label in enumerate(labels)]
        (path / "dataset.json").write_text(json.dumps({"labels": rows}))
    return path


def zipped(folder: Path, path: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Pack the files of a folder, in the order that the file system happens to give."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in folder.rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def zip_set(path: Path, count: int, labels: Sequence[int] | None = None, side: int = 8, channels: int = 3) -> Path:
    """Write a ZIP of `count` images."""
    folder = path.with_suffix(".files")
    zipped(folder_set(folder, count, labels, side, channels), path)
    shutil.rmtree(folder)
    return path


def data_config(path: Path, **changes: object) -> DataConfig:
    """Return the configuration of the whole set at `path`, with `changes`."""
    description = describe(path, path.parent)
    settings = {"subset": description.images, "subset_seed": 0, **changes}
    return DataConfig(**description.model_dump(exclude={"name"}), **settings)
