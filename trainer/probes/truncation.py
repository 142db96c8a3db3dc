"""Quality against variety along the truncation (Brock et al. 2019, Sec. 3.1; Kynkäänniemi et al. 2019, Fig. 4).

BigGAN draws latents again that are too large; here w is pulled towards its mean by psi, which serves the same end.
"""

from typing import Final

import numpy as np

from trainer.metrics.evaluate import evaluate
from trainer.metrics.subject import Samples
from trainer.probes.scene import Findings, Scene

COUNT: Final = 10_000
PSI: Final = tuple(round(0.1 * step, 1) for step in range(3, 11))


def probe(scene: Scene, count: int | None = None) -> Findings:
    """Return `psi` [k] and for each of them `fid`, `precision`, `recall`, `is_mean` and `is_std` [k]."""
    count = count or COUNT
    names = (f"fid{count}", f"pr{count}", f"is{count}")
    rows = []
    for psi in PSI:
        subject = Samples(scene.generator, scene.train_set, scene.seed, psi)
        values = evaluate(
            subject, scene.train_set.whole, names, scene.judges, scene.cache_dir, scene.seed, progress=scene.progress
        )
        rows.append([value.value for value in values])
    columns = ("fid", "precision", "recall", "is_mean", "is_std")
    return Findings({"psi": np.array(PSI), **dict(zip(columns, np.array(rows).T, strict=True))})
