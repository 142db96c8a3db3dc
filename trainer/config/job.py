"""Job: the request for one attempt at a trial. Written by the orchestrator, read by supervisor and worker."""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from trainer.config.options import MOST_CPUS, RunOptions
from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings, is_off
from trainer.config.stored import Malformed, of_own_attempt, read_document

MOST_GPUS = 4096
MOST_GIB = 1_000_000
MOST_MINUTES = 527_040
"""A year."""

Work = Literal["train", "evaluate"]
"""What an attempt does: train to the horizon, or measure metrics and probes of the kept snapshots."""


def _whole_or_share(gpus: float) -> int | float:
    if not (gpus < 1 or gpus == gpus // 1) or math.isinf(gpus):
        raise ValueError("must be a whole number of GPUs, or a share of one between 0 and 1")
    return gpus if gpus % 1 else int(gpus)


Gpus = Annotated[int | float, Field(ge=0, le=MOST_GPUS), AfterValidator(_whole_or_share)]
Cpus = Annotated[PositiveInt, Field(le=MOST_CPUS)]
MemoryGib = Annotated[Positive, Field(le=MOST_GIB)]
LimitMinutes = Annotated[Positive, Field(le=MOST_MINUTES)]


class Resources(Settings):
    """The resources of a job. `minutes` is the time limit requested from a cluster; None uses the cluster's default.

    `gpus` is a number of whole GPUs, or a share of one if the backend can share them; others allocate a whole one.
    """

    gpus: Gpus = 0
    cpus: Cpus = 1
    memory_gib: MemoryGib = 4.0
    minutes: LimitMinutes | None = None

    @property
    def whole_gpus(self) -> int:
        """Return the GPUs to allocate on a backend that cannot share them."""
        return math.ceil(self.gpus)


class Estimate(Settings):
    """The estimated duration of an attempt in seconds on its resources, including start-up and evaluations.

    Nine in ten attempts are expected to take between `low` and `high`. `plain` is `seconds` before correction by past
    errors, `kind` its source, and `made` (Unix seconds) is shared by all estimates of one plan.
    """

    seconds: NonNegative
    low: NonNegative
    high: NonNegative
    plain: NonNegative
    kind: str
    made: NonNegative


class Job(Settings):
    """One attempt, numbered from 1, with a fencing `token` that increases within a trial.

    `code` is the content hash of the frozen packages that it runs, "live" for those of a working copy.
    `device_watts` is the nominal power of one device of its node, if the backend knows it.
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
    device_watts: Annotated[Positive | None, Field(exclude_if=is_off)] = None


def read_job(path: Path, malformed: list[Malformed] | None = None) -> Job | None:
    """Return the job at `path`.

    Returns None if it is missing, or invalid or of another attempt, which is reported in `malformed`.
    """
    return of_own_attempt(read_document(path, Job, malformed), path, malformed)
