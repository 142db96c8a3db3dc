"""Job: what one attempt at a trial is asked to do. Written by the orchestrator, read by supervisor and worker."""

import math
from typing import Literal

from trainer.config.options import RunOptions
from trainer.config.spec import Count, Fraction, NonNegative, Positive, PositiveInt, Settings

Work = Literal["train", "evaluate"]
"""What an attempt does: training to the horizon, or metrics and probes of the snapshots that are kept."""


class Resources(Settings):
    """What a job runs on. `minutes` is the time limit asked of a cluster; None leaves it to the cluster's default.

    `gpus` is a number of whole GPUs, or a share of one where the backend can share them; others give a whole one.
    """

    gpus: Count | Fraction = 0
    cpus: PositiveInt = 1
    memory_gib: Positive = 4.0
    minutes: Positive | None = None

    @property
    def whole_gpus(self) -> int:
        """Return how many GPUs a job is given that cannot share them."""
        return math.ceil(self.gpus)


class Job(Settings):
    """One attempt: numbered from 1, fenced by `token`, which only ever grows within a trial.

    `code` names the frozen packages that it runs, by their content; "live" where it runs those of a working copy.
    """

    attempt: PositiveInt
    token: PositiveInt
    work: Work = "train"
    options: RunOptions
    resources: Resources = Resources()
    backend: str = "local"
    sweep: str = ""
    code: str = ""
    submitted: NonNegative = 0.0
