"""The classes of a data set's images, from its `dataset.json`."""

import json
import posixpath
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from trainer.config.dataset.archive import Archive
from trainer.config.dataset.entries import canonical
from trainer.config.dataset.listing import some_of
from trainer.errors import DataError, counted

MAX_CLASSES = 1 << 16
CLASSES_SHOWN = 10
NUMBER_CLASSES = "number the classes 0, 1, 2 ..."

LABEL_BYTES, LABEL_BYTES_PER_IMAGE, MAX_LABEL_BYTES = 1 << 20, 1 << 10, 256 << 20
"""Limits on the size of a label file, since parsed text takes many times its size."""


class Labelling(NamedTuple):
    """The class of every image in the order of `archive.images`, or None, and remarks about the labels."""

    classes: list[int] | None
    remarks: list[str]


def read_labels(archive: Archive) -> Labelling:
    """Return the classes of a set's images. Raises DataError if an image has none, or two."""
    name = archive.label_file
    if name is None:
        return Labelling(None, [])
    place = f"{archive.path}/{name}"
    most = min(LABEL_BYTES + LABEL_BYTES_PER_IMAGE * len(archive.images), MAX_LABEL_BYTES)
    table = _table(_pairs(archive.read(name, most), place), place)
    if not table:
        return Labelling(None, [])
    classes, unused = _in_order(table, archive.images, posixpath.dirname(canonical(name)), place)
    remarks = [f"names in {name} are relative to its folder"] if "/" in name else []
    if unused:
        remarks.append(f"{name} has classes for {counted(len(unused), 'missing image')} ({some_of(unused)})")
    return Labelling(classes, remarks)


def empty_classes(classes: Iterable[int] | None) -> list[str]:
    """Return a remark on classes below the highest that have no images."""
    present = set(classes or ())
    empty = [str(number) for number in range(max(present, default=-1) + 1) if number not in present]
    if not empty:
        return []
    some = ", ".join(empty[:CLASSES_SHOWN]) + (" ..." if len(empty) > CLASSES_SHOWN else "")
    what = f"class {some} has" if len(empty) == 1 else f"classes {some} have"
    return [f"{what} no images; a conditional network cannot learn them (classes count from 0)"]


def _pairs(content: bytes, place: str) -> Sequence[Any]:
    """Return the pairs of name and class, not validated yet."""
    try:
        document = json.loads(content, object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise _malformed(place, error) from None
    found = [value for key, value in document if key == "labels"] if isinstance(document, _Object) else []
    if len(found) != 1 or not isinstance(found[0], list | None):
        raise _malformed(place, "there is no list of labels" if len(found) < 2 else "labels occur twice")
    return found[0] or []


class _Object(list[tuple[str, Any]]):
    """A JSON object as a list of pairs, to detect duplicate keys."""


def _table(pairs: Sequence[Any], place: str) -> dict[str, tuple[str, Any]]:
    """Return, by canonical name, the name as written and its class."""
    table: dict[str, tuple[str, Any]] = {}
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _malformed(place, f"{str(pair)[:40]} is not a pair of name and class")
        name, label = pair
        before = table.setdefault(canonical(name), (name, label))[1]
        if before is not label and (type(before) is not type(label) or before != label):
            raise DataError(place, f"gives image {name} two classes, {before!r} and {label!r}", "remove one")
    return table


def _in_order(
    table: dict[str, tuple[str, Any]], images: Sequence[str], folder: str, place: str
) -> tuple[list[int], list[str]]:
    """Return the classes of `images`, and the names in the table that match none of them."""
    classes: list[int] = []
    used: set[str] = set()
    for image in images:
        key = _key(image, table, folder)
        used.add(key)
        label = table[key][1] if key in table else None
        if label is None:
            raise DataError(place, f"image {image} has no label")
        if type(label) is not int or not 0 <= label < MAX_CLASSES:
            problem = f"has label {_short(label)}, not a class number from 0 to {MAX_CLASSES - 1}"
            raise DataError(place, f"image {image} {problem}", NUMBER_CLASSES)
        classes.append(label)
    return classes, [name for key, (name, _) in table.items() if key not in used]


def _key(image: str, table: dict[str, tuple[str, Any]], folder: str) -> str:
    """Return the table's key of an image: relative to the label file's folder, or to the root."""
    whole = canonical(image)
    inner = whole.removeprefix(f"{folder}/") if folder else whole
    return inner if inner in table else whole


def _short(label: object) -> str:
    text = repr(label)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _malformed(place: str, why: object) -> DataError:
    return DataError(place, f'is not of the form {{"labels": [["name", 3], ...]}} ({why})')
