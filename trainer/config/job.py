"""Job: what one attempt at a trial is asked to do. Written by the orchestrator, read by supervisor and worker."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from trainer.config.options import RunOptions
from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings

Work = Literal["train", "evaluate"]
"""What an attempt does: training to the horizon, or metrics and probes of the snapshots that are kept."""


def _whole_or_share(gpus: float) -> int | float:
    if not (gpus < 1 or gpus == gpus // 1) or math.isinf(gpus):
        raise ValueError("is neither a whole number of GPUs nor a share of one, between 0 and 1")
    return gpus if gpus % 1 else int(gpus)


Gpus = Annotated[int | float, Field(ge=0), AfterValidator(_whole_or_share)]


class Resources(Settings):
    """What a job runs on. `minutes` is the time limit asked of a cluster; None leaves it to the cluster's default.

    `gpus` is a number of whole GPUs, or a share of one where the backend can share them; others give a whole one.
    """

    gpus: Gpus = 0
    cpus: PositiveInt = 1
    memory_gib: Positive = 4.0
    minutes: Positive | None = None

    @property
    def whole_gpus(self) -> int:
        """Return how many GPUs a job is given that cannot share them."""
        return math.ceil(self.gpus)


class Estimate(Settings):
    """How long an attempt was expected to take, in seconds on its resources, with start-up and evaluations.

    Nine in ten attempts are expected to take between `low` and `high`. `plain` is what `seconds` was before past
    errors corrected it, `kind` what it came from, and `made` (Unix seconds) is shared by all estimates of one plan.
    """

    seconds: NonNegative
    low: NonNegative
    high: NonNegative
    plain: NonNegative
    kind: str
    made: NonNegative


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
    estimate: Estimate | None = None
