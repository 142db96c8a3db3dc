"""A cell of a sweep as words: the method it tries, apart from the number of images it tries it on."""

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from trainer.config.claims.cells import DATA, IMAGES, NOT_METHOD

CELL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
AUGMENT_NAMES = {"none": "no augmentation", "ada": "ADA"}


def method_of(settings: Mapping[str, Any]) -> str:
    """Return the label of all axes but those that choose the training images; "" where there is no other axis."""
    return " · ".join(_words(key, value) for key, value in settings.items() if key not in NOT_METHOD)


def method_in(cell: str, settings: Mapping[str, Any]) -> str:
    """Return the method of a cell: the name it has in its sweep, if any, before its other axes.

    `cell` is the label of the plan, "ada, data.subset=500": names first, then KEY=VALUE for every axis.
    """
    told = cell.split(", ") if settings else []
    named = list(takewhile(CELL_NAME.fullmatch, told))
    axes = {key for key in settings if not named or any(part.startswith(f"{key}=") for part in told)}
    rest = method_of({key: value for key, value in settings.items() if key in axes})
    return " · ".join([*named, *([rest] if rest else [])])


def images_of(settings: Mapping[str, Any]) -> int | None:
    """Return the number of training images, mirror images among them, None where the axes do not say."""
    images = settings.get(IMAGES)
    return images and images * (2 if settings.get("data.mirror") else 1)


def dataset_of(settings: Mapping[str, Any]) -> str:
    """Return the data set of a cell, "" where the sweep has only one."""
    return next((str(settings[key]) for key in DATA if key in settings), "")


def images_label(images: float) -> str:
    """Return a number of images as the papers write it: 500, 2k, 1.5k, 140k."""
    if images >= 1_000_000:
        return f"{images / 1_000_000:.3g}M"
    return f"{images / 1000:.3g}k" if images >= 1000 else f"{images:g}"


def augment_label(augment: Any) -> str:
    """Return the words for a tag of augmentation; "all runs" where none is known."""
    return AUGMENT_NAMES.get(augment, augment) if isinstance(augment, str) else "all runs"


def _words(key: str, value: Any) -> str:
    name = key.removesuffix(".type").rpartition(".")[2]
    if isinstance(value, Mapping):
        rest = [f"{part}={number}" for part, number in value.items() if part != "type"]
        return " ".join([_words(key, value["type"]), *rest]) if "type" in value else f"{name} {' '.join(rest)}"
    if name == "augment":
        return augment_label(value)
    return value if isinstance(value, str) else f"{name}={_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", ""))
    return f"{value:g}" if isinstance(value, float) else str(value)
