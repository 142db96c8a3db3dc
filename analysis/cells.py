"""A cell of a sweep as words: the method it tries, apart from the number of images it tries it on."""

from collections.abc import Mapping
from typing import Any

from trainer.config.claim_cells import NOT_METHOD

AUGMENT_NAMES = {"none": "no augmentation", "ada": "ADA"}


def method_of(settings: Mapping[str, Any]) -> str:
    """Return the label of all axes but those that choose the training images; "" where there is no other axis."""
    return " · ".join(_words(key, value) for key, value in settings.items() if key not in NOT_METHOD)


def images_label(images: float) -> str:
    """Return a number of images as the papers write it: 500, 2k, 1.5k, 140k."""
    return f"{images / 1000:g}k" if images >= 1000 else f"{images:g}"


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
