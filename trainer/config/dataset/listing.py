"""Which of the files of a folder or ZIP make a data set: the images, and the label file that speaks of them."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trainer.config.dataset.entries import LABEL_FILE, canonical, is_hidden, is_image, is_label_file, suffix

KINDS_TOLD = 5
NAMES_TOLD = 3


class Listing(NamedTuple):
    """Images in sorted order, the label file if there is one, and what was passed over, in words."""

    images: list[str]
    label_file: str | None
    remarks: list[str]


def listing(names: Iterable[str]) -> Listing:
    """Return what the files `names` of a folder or ZIP are to a data set.

    The label file lies beside the images' folders, or above them: where one folder is around everything, in it.
    """
    visible = [name for name in names if not any(map(is_hidden, name.split("/")))]
    images = sorted(name for name in visible if is_image(name))
    label_files = [name for name in visible if is_label_file(name)]
    above = [name for name in label_files if _is_above(posixpath.dirname(canonical(name)), common_folder(images))]
    label_file = min(above, key=lambda name: (len(name), posixpath.basename(name) != LABEL_FILE), default=None)
    unused = sorted(set(label_files) - {label_file})
    others = [name for name in visible if not is_image(name) and not is_label_file(name)]
    return Listing(images, label_file, [*_told_unused(unused), *_told_others(others)])


def common_folder(images: Sequence[str]) -> str:
    """Return the innermost folder that all of `images` lie in, "" where there is none."""
    folders = {name[: max(name.rfind("/"), name.rfind("\\")) + 1] for name in images}
    names = [canonical(f"{folder}x") for folder in folders]
    first, last = min(names, default=""), max(names, default="")
    return posixpath.dirname(posixpath.commonprefix([first, last]) + "x") if names else ""


def some_of(names: Sequence[str]) -> str:
    """Return the first few of `names`."""
    return ", ".join(names[:NAMES_TOLD]) + (" ..." if len(names) > NAMES_TOLD else "")


def counted(number: int, what: str) -> str:
    """Return `1 image`, `2 images`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _is_above(folder: str, inner: str) -> bool:
    return not folder or f"{inner}/".startswith(f"{folder}/")


def _told_unused(label_files: Sequence[str]) -> list[str]:
    if not label_files:
        return []
    return [f"not used: {some_of(label_files)}, as another lies above it, or not all images lie below it"]


def _told_others(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    kinds = Counter(suffix(name) or "without ending" for name in names).most_common()
    some = ", ".join(f"{number} {kind}" for kind, number in kinds[:KINDS_TOLD])
    return [f"passed over, as no images that are read: {some}{' ...' if len(kinds) > KINDS_TOLD else ''}"]
