"""Arrays in the files of a cache, which anything may have damaged."""

import tokenize
from pathlib import Path

import numpy as np

DAMAGED = (FileNotFoundError, ValueError, EOFError, tokenize.TokenError)
"""What numpy raises for a file that is missing, torn or no array."""


def read_array(path: Path, dtype: type[np.generic]) -> np.ndarray | None:
    """Return the array in a .npy file as a memory map; None if it is missing, damaged or of another type."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False) if path.is_file() else None
    except DAMAGED:
        return None
    return found if isinstance(found, np.ndarray) and found.dtype == dtype else None
