"""Write a data set as a ZIP in StyleGAN2's layout, with the same bytes for the same images on every machine."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from trainer.config.dataset.entries import LABEL_FILE
from trainer.data.png import encode_png
from trainer.errors import OutputError, printable
from trainer.files import remove_abandoned, replacing, temporary_name

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP supports, used for every file."""

IMAGES_PER_FOLDER = 1000
LONGEST_REMARK = 2000


class ZipWriter:
    """Writes `00000/img00000000.png` ... and `dataset.json`; the file is renamed once all of it is on disk.

        with ZipWriter(path, {"filter": "box"}) as writer:
            writer.add(pixels, label)

    `settings` and `remarks` describe how the images were made. They are stored in the ZIP's comment, which is not part
    of the fingerprint.
    """

    def __init__(self, path: Path, settings: Mapping[str, object]) -> None:
        self.path = path
        self._part = temporary_name(path)
        self._settings = settings
        self.remarks: Sequence[str] = ()
        self._labels: list[tuple[str, int | None]] = []

    def __enter__(self) -> "ZipWriter":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.path.parent)
            self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED)
        except OSError as error:
            raise OutputError(self.path, f"cannot be written ({error.strerror})") from None
        return self

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, pixels: UInt8[np.ndarray, "h w c"], label: int | None = None) -> None:
        """Append one image; either all images have a label or none."""
        number = len(self._labels)
        name = f"{number // IMAGES_PER_FOLDER:05d}/img{number:08d}.png"
        self._put(name, encode_png(pixels))
        self._labels.append((name, label))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
            else:
                self._zip.close()
        finally:
            self._part.unlink(missing_ok=True)

    def _finish(self) -> None:
        labelled = bool(self._labels) and all(label is not None for _, label in self._labels)
        self._put(LABEL_FILE, json.dumps({"labels": self._labels if labelled else None}).encode())
        self._zip.comment = _comment(self._settings, [printable(remark)[:LONGEST_REMARK] for remark in self.remarks])
        try:
            self._zip.close()
            with replacing(self.path) as temporary:
                self._part.rename(temporary)
        except OSError as error:
            raise OutputError(self.path, f"cannot be written ({error.strerror})") from None

    def _put(self, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(name, EPOCH)
        info.external_attr = 0o644 << 16
        info.create_system = 3
        try:
            self._zip.writestr(info, content)
        except OSError as error:
            raise OutputError(self.path, f"cannot be written ({error.strerror})") from None


def _comment(settings: Mapping[str, object], remarks: Sequence[str]) -> bytes:
    """Return the comment of a ZIP: settings, and as many remarks as fit."""
    content = {**settings, "remarks": remarks} if remarks else dict(settings)
    comment = json.dumps({"adasweep": content}, sort_keys=True).encode()
    return comment if len(comment) <= zipfile.ZIP_MAX_COMMENT or not remarks else _comment(settings, remarks[:-1])
