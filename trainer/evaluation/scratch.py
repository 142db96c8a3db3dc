"""Large arrays that need not fit into memory: on disk, and gone with the process whatever ends it."""

import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from trainer.errors import OutputError


def scratch(shape: tuple[int, int], folder: Path) -> Float32[np.ndarray, "n d"]:
    """Return an array of zeros in a file of `folder` that has no name. Raises OutputError where there is no room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    except OSError as error:
        raise OutputError(folder, f"no room for {shape[0]} rows ({error.strerror})") from error
