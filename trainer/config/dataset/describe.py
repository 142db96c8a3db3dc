"""Find and describe a data set without decoding its images, as needed to plan a sweep."""

import functools
from collections.abc import Sequence
from pathlib import Path

from trainer.config.dataset.archive import Archive, open_archive
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.entries import fingerprint
from trainer.config.dataset.foreign import require_no_other_files
from trainer.config.dataset.labels import empty_classes, read_labels
from trainer.config.dataset.memo import DataExamination, recall, remember, state_of
from trainer.config.dataset.preparation import misnamed
from trainer.config.dataset.regular import usable_path
from trainer.errors import DataError, counted, nearest, printable

NAMED_SETS = (
    "fashion-mnist-10k",
    "fashion-mnist-10k-16",
    "fashion-mnist-10k-16-rgb",
    "fashion-mnist",
    "satellite16",
    "satellite32",
    "satellite64",
)
"""The sets that `adasweep data get` offers; trainer.data.registry has exactly these."""

FEWEST_IMAGES = 2
HEADERS_READ = 64
ZIP_SUFFIX = ".zip"


def locate(name_or_path: str | Path, data_dir: Path) -> Path:
    """Return the folder or ZIP that `name_or_path` refers to: a set in `data_dir` by name, or any path.

    A bare word is tried as `data_dir`/WORD.zip, then as the folder `data_dir`/WORD, then as a path.
    """
    text = str(name_or_path)
    if not text.strip():
        raise DataError("data", "no data set is named", "give a name, a folder or a ZIP file")
    for path in [*(_of_name(text, data_dir) if _is_bare(text) else []), usable_path(text)]:
        if path.exists():
            return path.resolve()
    raise _not_found(text, data_dir)


def sets_in(data_dir: Path) -> dict[str, Path]:
    """Return the data sets in `data_dir` by name; a ZIP is named without its suffix."""
    found = [path for path in _listing(data_dir) if not path.name.startswith(".")]
    named = {set_name(path): path for path in sorted(found, key=is_zip)}
    return dict(sorted(named.items()))


def set_name(path: Path) -> str:
    """Return the name of the data set at `path`."""
    return printable(path.stem if is_zip(path) else path.name)


def is_zip(path: Path) -> bool:
    """Return whether a path has the suffix of a ZIP file, in any case."""
    return path.suffix.lower() == ZIP_SUFFIX


def describe(name_or_path: str | Path, data_dir: Path) -> DataDescription:
    """Return the name, fingerprint, image count, resolution, channels and classes of a data set."""
    return examine(name_or_path, data_dir).description


def examine(name_or_path: str | Path, data_dir: Path) -> DataExamination:
    """Return what `describe` returns, and remarks about oddities of the set.

    Reads all names and checksums, but the headers of at most HEADERS_READ evenly spaced images; decoding
    (`trainer.data.cache`) and `data verify` read all headers. What was found in a ZIP is kept in the user's
    cache, and is valid until the file changes.
    """
    path = locate(name_or_path, data_dir)
    return _of_file(path, data_dir, state_of(path)) if path.is_file() else _examined(path, data_dir)


@functools.lru_cache(maxsize=16)
def _of_file(path: Path, data_dir: Path, state: tuple[int, ...]) -> DataExamination:
    if known := recall(path, state):
        return known
    found = _examined(path, data_dir)
    remember(path, state, found)
    return found


def _examined(path: Path, data_dir: Path) -> DataExamination:
    from trainer.config.dataset.header import common_header, reduced  # Pillow: only sets not examined before need it

    archive = open_archive(path, memo_dir=data_dir)
    require_images(archive)
    header = common_header(archive, spread_out(archive.images, HEADERS_READ))
    labels = read_labels(archive)
    description = DataDescription(
        name=printable(path.stem if path.is_file() else path.name),
        fingerprint=fingerprint(archive.entries()),
        images=len(archive.images),
        resolution=header.width,
        channels=header.channels,
        classes=1 + max(labels.classes) if labels.classes else 0,
    )
    remarks = [*empty_classes(labels.classes), *labels.remarks, *reduced(header), *archive.remarks]
    return DataExamination(description, [*misnamed(path), *remarks])


def require_images(archive: Archive) -> None:
    """Raise DataError, with the archive's remarks, unless there are enough images."""
    count = len(archive.images)
    if not count and archive.path.is_dir():
        require_no_other_files(archive.path)
    if count < FEWEST_IMAGES:
        way_out = f"a data set needs at least {FEWEST_IMAGES} PNG or JPEG files"
        raise DataError(archive.path, f"has {counted(count, 'image')}", "; ".join([way_out, *archive.remarks]))


def spread_out(names: Sequence[str], most: int) -> list[str]:
    """Return at most `most` of `names`, evenly spaced, including the first and the last."""
    if len(names) <= most:
        return list(names)
    return [names[index * (len(names) - 1) // (most - 1)] for index in range(most)]


def _is_bare(text: str) -> bool:
    return "/" not in text and "\\" not in text and text not in (".", "..", "~")


def _not_found(text: str, data_dir: Path) -> DataError:
    if text in NAMED_SETS:
        return DataError(text, f"is not in {data_dir} yet", f"get it with: adasweep data get {text}")
    if not _is_bare(text):
        return DataError(text, "no such folder or ZIP file", _sibling_hint(usable_path(text)))
    here = sorted(sets_in(data_dir))
    return DataError(text, f"no data set of this name in {data_dir}", _did_you_mean(text, [*here, *NAMED_SETS]))


def _of_name(text: str, data_dir: Path) -> list[Path]:
    """Return where a set of this name may be; the suffix of a ZIP may be in any case."""
    usable_path(data_dir / f"{text}{ZIP_SUFFIX}")
    others = [path for path in _listing(data_dir) if is_zip(path) and path.stem == text]
    return [data_dir / f"{text}{ZIP_SUFFIX}", *sorted(others), data_dir / text]


def _sibling_hint(path: Path) -> str:
    if not path.parent.is_dir():
        return f"{path.parent} does not exist either"
    return _did_you_mean(path.name, [entry.name for entry in _listing(path.parent)])


def _did_you_mean(wrong: str, names: list[str]) -> str:
    near = nearest(wrong, names)
    return f"did you mean {near}?" if near else "see: adasweep data list"


def _listing(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if is_zip(path) or path.is_dir()]
    except OSError:
        return []
