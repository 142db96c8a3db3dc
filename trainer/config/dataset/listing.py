"""Which files of a folder or ZIP form a data set: the images, and their label file."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trainer.config.dataset.entries import LABEL_FILE, canonical, is_hidden, is_image, is_label_file, suffix

KINDS_SHOWN = 5
NAMES_SHOWN = 3


class Listing(NamedTuple):
    """Images in sorted order, the label file if there is one, and remarks on skipped files."""

    images: list[str]
    label_file: str | None
    remarks: list[str]


def listing(names: Iterable[str]) -> Listing:
    """Return the images and the label file among the files `names` of a folder or ZIP.

    The label file is in the innermost folder that contains all images, or above it.
    """
    visible = [name for name in names if not is_hidden(name)]
    images = sorted(filter(is_image, visible))
    rest = [name for name in visible if not is_image(name)] if len(images) < len(visible) else []
    label_files = [*filter(is_label_file, rest)]
    above = [name for name in label_files if _is_above(posixpath.dirname(canonical(name)), common_folder(images))]
    label_file = min(above, key=lambda name: (len(name), posixpath.basename(name) != LABEL_FILE), default=None)
    unused = sorted(set(label_files) - {label_file})
    others = [name for name in rest if not is_label_file(name)]
    return Listing(images, label_file, [*_unused_remark(unused), *_skipped_remark(others)])


def common_folder(images: Sequence[str]) -> str:
    """Return the innermost folder that contains all of `images`, "" if there is none."""
    folders = {name[: max(name.rfind("/"), name.rfind("\\")) + 1] for name in images}
    names = [canonical(f"{folder}x") for folder in folders]
    first, last = min(names, default=""), max(names, default="")
    return posixpath.dirname(posixpath.commonprefix([first, last]) + "x") if names else ""


def some_of(names: Sequence[str]) -> str:
    """Return the first few of `names`, separated by commas."""
    return ", ".join(names[:NAMES_SHOWN]) + (" ..." if len(names) > NAMES_SHOWN else "")


def _is_above(folder: str, inner: str) -> bool:
    return not folder or f"{inner}/".startswith(f"{folder}/")


def _unused_remark(label_files: Sequence[str]) -> list[str]:
    if not label_files:
        return []
    return [f"not used: {some_of(label_files)}; a label file above takes precedence, or not all images are below"]


def _skipped_remark(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    kinds = Counter(suffix(name) or "without suffix" for name in names).most_common()
    some = ", ".join(f"{number} {kind}" for kind, number in kinds[:KINDS_SHOWN])
    return [f"skipped, not a supported image format: {some}{' ...' if len(kinds) > KINDS_SHOWN else ''}"]
