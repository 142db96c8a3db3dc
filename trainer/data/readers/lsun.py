"""LSUN in its original format: an LMDB database of encoded images (Yu et al. 2015)."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.config.dataset.regular import require_regular
from trainer.data.decode import decode_any
from trainer.data.readers.reader import Picture
from trainer.errors import DataError


class LsunReader:
    """The images of the database in folder `path`, in order of their keys. Needs the package `lmdb`."""

    kind = "lsun"
    remarks: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        require_regular(path / "data.mdb")
        self._path = path
        self._lmdb = _lmdb(path)
        with self._open() as database, database.begin() as view:
            self._count = int(view.stat()["entries"])

    def __len__(self) -> int:
        return self._count

    def pictures(self) -> Iterator[Picture]:
        with self._open() as database, database.begin() as view:
            for key, content in view.cursor():
                place = f"{self._path}/{key.decode(errors='replace')}"
                file = decode_any(content, place)
                yield Picture(file.pixels, None, place, file)

    def _open(self) -> Any:
        try:
            return self._lmdb.open(str(self._path), readonly=True, lock=False, readahead=False)
        except self._lmdb.Error as error:
            raise DataError(self._path, f"is not a readable LMDB database ({error})") from None


def _lmdb(path: Path) -> Any:
    try:
        return importlib.import_module("lmdb")
    except ImportError:
        raise DataError(path, "an LMDB database needs the Python package lmdb", "pip install lmdb") from None
