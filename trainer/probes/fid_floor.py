"""The FID of an ideal generator that repeats the run's training images (Karras et al. 2020, Fig. 19).

It depends on the data set, the detector and the size of the subset alone: it is computed once and cached for all runs.
Mirror images are not counted.
"""

from pathlib import Path

import numpy as np

from trainer.evaluation.feature_cache import once, stored_arrays
from trainer.evaluation.real_features import RealFeatures
from trainer.files import replacing
from trainer.metrics.fid_floor import DRAWS, fid_floor
from trainer.probes.context import Arrays, ProbeContext, ProbeResults

NAMES = ("size", "mean", "std")


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `size` [1], `mean` [1] and `std` [1] over `count` random subsets of that size."""
    draws, size, whole = count or DRAWS, context.config.data.subset, context.train_set.whole
    real = RealFeatures(whole, context.feature_networks, len(whole), context.cache_dir, context.progress)
    detector = real.detector
    name = f"{whole.fingerprint}-{detector.name}-{detector.identity}-floor{size}-{draws}.npz"
    path = context.cache_dir / "features" / name

    def waiting() -> None:
        context.progress("another process does the same")

    once([path], lambda file: _stored(file) is not None, lambda: _measure(real, size, draws, path), waiting)
    with np.load(path, allow_pickle=False) as stored:
        return ProbeResults({name: stored[name] for name in NAMES})


def _stored(path: Path) -> Arrays | None:
    return stored_arrays(path, dict.fromkeys(NAMES, (1,)))


def _measure(real: RealFeatures, size: int, draws: int, path: Path) -> None:
    def progress(draw: int) -> None:
        real.progress(f"lowest FID, subset {draw} of {draws}")

    (floor,) = fid_floor(real.features(), [size], draws, progress=progress)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, size=np.array([size]), mean=np.array([floor.mean]), std=np.array([floor.std]))
