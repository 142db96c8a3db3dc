"""Adds attempts to trials; the only place that creates a Job."""

import time
from pathlib import Path
from typing import NamedTuple

from orchestrator.store.frozen_code import code_name
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from trainer.config.job import Estimate, Job, Resources, Work
from trainer.config.options import RunOptions
from trainer.files import Guard, create_folder, replace_file
from trainer.record import RunDir


class JobRequest(NamedTuple):
    """The work, resources and sweep of a new attempt. `code` is the folder of the packages to run."""

    options: RunOptions
    resources: Resources
    backend: str
    sweep: str
    code: Path
    work: Work = "train"
    estimate: Estimate | None = None
    device_watts: float | None = None


def new_attempt(store: Store, trial: str, request: JobRequest, after: int) -> Job | None:
    """Add the attempt after `after`, the newest when it was decided on; None if another process has just added one."""
    run = store.run(trial)
    held = holder(run.path)
    job = Job(
        attempt=after + 1,
        token=(held.token if held else 0) + 1,
        work=request.work,
        options=request.options,
        resources=request.resources,
        backend=request.backend,
        sweep=request.sweep,
        code=code_name(store, request.code),
        submitted=time.time(),
        estimate=request.estimate,
        device_watts=request.device_watts,
    )
    with writing(run.path):
        return job if add_attempt(run, job) else None


def add_attempt(run: RunDir, job: Job, guard: Guard | None = None) -> bool:
    """Create the folder of an attempt with its job, atomically; return False if the number is taken."""

    def fill(draft: Path) -> None:
        replace_file(draft / run.job(job.attempt).name, job.model_dump_json(indent=1))

    return create_folder(run.attempt(job.attempt), fill, guard)
