"""Outputs of probes of snapshots, as stored with the trial: PROBE-IMAGES.npz and pictures.

`trainer/probes` defines the names of probes and of their arrays; a count and steps may follow a probe's name.
"""

import io
import math
import os
import re
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ResultStoreError
from analysis.results.load import Runs
from trainer.config.stored import is_within
from trainer.files import matching, read_regular

DAMAGED = (OSError, ValueError, EOFError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error)
"""What a file raises that is no archive of arrays."""


class Probed(NamedTuple):
    """The output of one probe on one snapshot of a run."""

    cell: str
    method: str
    trial: str
    seed: int
    kimg: float
    path: Path

    @property
    def key_columns(self) -> dict[str, Any]:
        """Return the leading columns of its rows in a table."""
        return {"cell": self.cell, "trial": self.trial, "seed": self.seed, "kimg": self.kimg}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name. Raises ResultStoreError if the file is damaged."""
        try:
            with zipfile.ZipFile(io.BytesIO(read_regular(self.path))) as file:
                return {Path(name).stem: _array(file.read(name)) for name in file.namelist()}
        except DAMAGED as error:
            problem = f"cannot be read as the output of a probe ({type(error).__name__}: {error})"
            raise ResultStoreError(f"{self.path}: {problem}; remove it and run the sweep again") from None

    def picture(self, name: str) -> Path | None:
        """Return the path of the picture `name`, None if it does not exist."""
        path = self.path.with_name(f"{self.path.stem}-{name}.png")
        return path if os.path.isfile(path) else None


def _array(content: bytes) -> NDArray[Any]:
    found: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return found


def probed(runs: Runs, probe: str) -> list[Probed]:
    """Return the outputs of `probe` up to each run's horizon, in the order of the plan and of training."""
    found = [one for run in runs.frame.to_dict("records") for one in probed_of(runs, run, probe)]
    return sorted(found, key=lambda probe: (runs.cells.index(probe.cell), probe.seed, probe.kimg))


def probed_of(runs: Runs, run: Mapping[Any, Any], probe: str) -> Iterator[Probed]:
    """Yield the outputs of `probe` for one run, a row of Runs.frame, with the numbers of images that the plan says.

    If it says none, the probe was run by hand, and any number is taken.
    """
    counted = rf"{re.escape(probe)}(?:-[1-9]\d*(?:x[1-9]\d*)?)?"
    planned = [re.escape(name) for name in runs.plan.probes if re.fullmatch(counted, name)]
    pattern = re.compile(rf"(?:{'|'.join(planned) or counted})-(\d{{9,}})\.npz")
    for path in matching(runs.store.run(run["trial"]).path / "probes", f"{probe}*.npz"):
        match = pattern.fullmatch(path.name)
        kimg = int(match[1]) / 1000 if match else float("inf")
        if is_within(kimg, run["horizon_kimg"]):
            yield Probed(run["cell"], run["method"], run["trial"], int(run["seed"]), kimg, path)


def nearest_probed(runs: Runs, run: Mapping[Any, Any], probe: str, kimg: float) -> Probed | None:
    """Return the output for the snapshot of one run nearest to `kimg`; for the last if `kimg` is not finite."""
    at = kimg if math.isfinite(kimg) else float(run["horizon_kimg"])
    return min(probed_of(runs, run, probe), key=lambda one: abs(one.kimg - at), default=None)


def last_of_cells(found: list[Probed]) -> list[Probed]:
    """Return the last output of the lowest seed of each cell."""
    return moments_of_cells(found, 1)


def moments_of_cells(found: list[Probed], count: int) -> list[Probed]:
    """Return up to `count` outputs of the lowest seed of each cell, evenly spread and including the last."""
    of_cell: dict[str, list[Probed]] = {}
    for one in found:
        of_cell.setdefault(one.cell, []).append(one)
    chosen = []
    for outputs in of_cell.values():
        own = [one for one in outputs if one.seed == outputs[0].seed]
        chosen += [own[place] for place in _spread(len(own), count)]
    return chosen


def _spread(available: int, count: int) -> list[int]:
    """Return up to `count` places of `available` ones, evenly spread and including the last."""
    last = available - 1
    return sorted({round(last * (1 - step / max(count - 1, 1))) for step in range(count)})
