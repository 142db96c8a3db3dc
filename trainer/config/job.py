"""Job: what one attempt at a trial is asked to do. Written by the orchestrator, read by supervisor and worker."""

from trainer.config.options import RunOptions
from trainer.config.spec import Count, NonNegative, Positive, PositiveInt, Settings


class Resources(Settings):
    """What a job runs on. `minutes` is the time limit asked of a cluster; None leaves it to the cluster's default."""

    gpus: Count = 0
    cpus: PositiveInt = 1
    memory_gib: Positive = 4.0
    minutes: Positive | None = None


class Job(Settings):
    """One attempt: numbered from 1, fenced by `token`, which only ever grows within a trial."""

    attempt: PositiveInt
    token: PositiveInt
    options: RunOptions
    resources: Resources = Resources()
    backend: str = "local"
    sweep: str = ""
    submitted: NonNegative = 0.0
