"""The classes of a data set's images, from its `dataset.json`."""

import json
from typing import Any

from trainer.config.dataset.archive import Archive
from trainer.config.dataset.entries import LABEL_FILE
from trainer.errors import DataError

MAX_CLASSES = 1 << 16


def read_labels(archive: Archive) -> list[int] | None:
    """Return the class of every image in the order of `archive.images`, or None for a set without labels."""
    if not archive.has(LABEL_FILE):
        return None
    place = f"{archive.path}/{LABEL_FILE}"
    try:
        pairs = json.loads(archive.read(LABEL_FILE))["labels"]
        labels = None if pairs is None else dict(pairs)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(place, f'is not of the form {{"labels": [["name", 3], ...]}} ({error})') from None
    return _in_order(labels, archive.images, place) if labels else None


def _in_order(labels: dict[str, Any], images: list[str], place: str) -> list[int]:
    for name in images:
        label = labels.get(name)
        if type(label) is not int or not 0 <= label < MAX_CLASSES:
            problem = "has no label" if label is None else f"has label {label!r}, not a class number from 0"
            raise DataError(place, f"image {name} {problem}")
    return [labels[name] for name in images]
