"""Flattens a tree of settings to dotted keys."""

from collections.abc import Iterator, Mapping
from typing import Any


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of a configuration as dotted key and text."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)
