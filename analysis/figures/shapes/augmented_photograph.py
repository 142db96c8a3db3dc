"""Sheets of one augmented photograph, made by the trainer's augmentation pipe in a subprocess.

The photograph is the portrait of Grace Hopper that matplotlib ships (James S. Davis, US Navy, public domain).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import cbook
from PIL import Image

from analysis.errors import FigureError
from analysis.results.sample_sheets import Pixels

PHOTOGRAPH = "grace_hopper.jpg"
RESOLUTION = 128


def augmented_sheet(*options: str) -> Pixels:
    """Return the sheet [h w c] that `python -m trainer augment` makes of the photograph.

    Raises FigureError with the trainer's error output if it fails.
    """
    photograph = str(cbook.get_sample_data(PHOTOGRAPH, asfileobj=False))
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "sheet.png"
        words = ["augment", photograph, str(target), "--resolution", str(RESOLUTION), *options]
        command = [sys.executable, "-m", "trainer", *words]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise FigureError(f"python -m trainer augment: {done.stderr.strip() or f'exit code {done.returncode}'}")
        return np.asarray(Image.open(target))
