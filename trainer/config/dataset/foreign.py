"""Recognise files of other kinds, which one may take for a data set, and say what to do with them."""

import tarfile
from pathlib import Path

from trainer.errors import DataError

ForeignKind = tuple[str, str]
"""What a file is, and the way out."""

UNPACK = "unpack it, and give the folder"
CONVERT = "convert it: adasweep data prepare SOURCE NAME"
WRITE_OUT = "write its images to a folder, as PNG or JPEG files"

BY_BEGINNING = {
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", UNPACK),
    b"Rar!\x1a\x07": ("a RAR archive", UNPACK),
    b"PAR1": ("a Parquet file", WRITE_OUT),
    b"\x93NUMPY": ("a NumPy array", WRITE_OUT),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", WRITE_OUT),
    b"\x1f\x8b": ("compressed by gzip", UNPACK),
    b"BZh": ("compressed by bzip2", UNPACK),
    b"\xfd7zXZ\x00": ("compressed by xz", UNPACK),
}
BY_SUFFIX = {
    ".npz": ("a file of NumPy arrays", WRITE_OUT),
    ".tfrecord": ("a file of TFRecords", WRITE_OUT),
    ".tfrecords": ("a file of TFRecords", CONVERT),
    ".mdb": ("an LMDB database", "convert its folder: adasweep data prepare FOLDER NAME"),
}
LONGEST = max(map(len, BY_BEGINNING))
ZIP = b"PK"


def require_no_other_kind(path: Path) -> None:
    """Raise DataError if a file is known to be of another kind than ZIP, with what it is and the way out."""
    found = BY_SUFFIX.get(path.suffix.lower()) or _by_content(path)
    if found:
        raise DataError(path, f"is {found[0]}, not a folder or ZIP file of images", found[1])


def require_no_other_files(folder: Path) -> None:
    """Raise DataError if a folder without images has files of a kind known by its name, with the way out."""
    found = next(
        (BY_SUFFIX[file.suffix.lower()] for file in folder.iterdir() if file.suffix.lower() in BY_SUFFIX), None
    )
    if found:
        raise DataError(folder, f"has no images, but {found[0]}", found[1])


def _by_content(path: Path) -> ForeignKind | None:
    """Return the kind of a file, None for a ZIP, an unknown kind, or a file that cannot be read."""
    try:
        with path.open("rb") as file:
            beginning = file.read(LONGEST)
        if beginning.startswith(ZIP):
            return None
        if tarfile.is_tarfile(path):
            return "a TAR archive", f"{UNPACK}; of CIFAR, {CONVERT}"
    except (OSError, EOFError, ValueError):  # whoever reads the file will say why
        return None
    return next((found for mark, found in BY_BEGINNING.items() if beginning.startswith(mark)), None)
