"""Quality against variety by truncation (Brock et al. 2019, Sec. 3.1; Kynkäänniemi et al. 2019, Fig. 4).

If the generator has a w, it is truncated by psi. If not, as in BigGAN, entries of z beyond a threshold are resampled.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.samples import Samples
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 10_000
PSI: Final = tuple(round(0.1 * step, 1) for step in range(3, 11))
THRESHOLDS: Final = (0.04, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `psi` or `threshold` [k], and `fid`, `precision`, `recall`, `is_mean`, `is_std` [k] for each value."""
    count = count or COUNT
    names = (f"fid{count}", f"pr{count}", f"is{count}")
    rows = []
    for subject in _subjects(context):
        values = evaluate(
            subject,
            context.train_set.whole,
            names,
            context.feature_networks,
            context.cache_dir,
            context.seed,
            progress=context.progress,
        )
        rows.append([value.value for value in values])
    columns = ("fid", "precision", "recall", "is_mean", "is_std")
    steps = {"psi": np.array(PSI)} if context.config.generator.maps else {"threshold": np.array(THRESHOLDS)}
    return ProbeResults({**steps, **dict(zip(columns, np.array(rows).T, strict=True))})


def _subjects(context: ProbeContext) -> Iterator[Samples]:
    """Yield the samples for every truncation value."""
    whole = context.generator, context.train_set, context.seed
    if context.config.generator.maps:
        yield from (Samples(*whole, psi=psi) for psi in PSI)
    else:
        yield from (Samples(*whole, threshold=threshold) for threshold in THRESHOLDS)
