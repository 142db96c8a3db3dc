"""The FID of an ideal generator that repeats the run's training images (Karras et al. 2020, Fig. 19).

It depends on the data set, the detector and the size of the subset alone: it is computed once and cached for all runs.
Mirror images are not counted.
"""

from pathlib import Path

import numpy as np

from trainer.evaluation.feature_cache import once
from trainer.evaluation.real_features import RealFeatures
from trainer.files import replacing
from trainer.metrics.fid_floor import DRAWS, fid_floor
from trainer.probes.context import ProbeContext, ProbeResults


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `size` [1], `mean` [1] and `std` [1] over `count` random subsets of that size."""
    draws, size, whole = count or DRAWS, context.config.data.subset, context.train_set.whole
    real = RealFeatures(whole, context.feature_networks, len(whole), context.cache_dir, context.progress)
    detector = real.detector
    name = f"{whole.fingerprint}-{detector.name}-{detector.identity}-floor{size}-{draws}.npz"
    path = context.cache_dir / "features" / name
    once([path], lambda: _measure(real, size, draws, path), lambda: context.progress("another process does the same"))
    with np.load(path, allow_pickle=False) as stored:
        return ProbeResults({key: stored[key] for key in ("size", "mean", "std")})


def _measure(real: RealFeatures, size: int, draws: int, path: Path) -> None:
    def progress(draw: int) -> None:
        real.progress(f"lowest FID, subset {draw} of {draws}")

    (floor,) = fid_floor(real.features(), [size], draws, progress=progress)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, size=np.array([size]), mean=np.array([floor.mean]), std=np.array([floor.std]))
