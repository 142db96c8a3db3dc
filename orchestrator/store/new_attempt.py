"""Adds attempts to trials; the one place where a Job is made."""

import time
from pathlib import Path
from typing import NamedTuple

from orchestrator.store.frozen_code import code_name
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from trainer.config.job import Estimate, Job, Resources, Work
from trainer.config.options import RunOptions
from trainer.files import replace_file


class JobRequest(NamedTuple):
    """What an attempt is to do, on what, for which sweep. `code` is the folder of the packages that it runs."""

    options: RunOptions
    resources: Resources
    backend: str
    sweep: str
    code: Path
    work: Work = "train"
    estimate: Estimate | None = None


def new_attempt(store: Store, trial: str, request: JobRequest) -> Job | None:
    """Add an attempt to a trial and return its job, or None when somebody else has just added one."""
    run = store.run(trial)
    number = max(run.attempts(), default=0) + 1
    with writing(run.path):
        run.attempt(number).parent.mkdir(parents=True, exist_ok=True)
        try:
            run.attempt(number).mkdir()
        except FileExistsError:
            return None
        held = holder(run.path)
        job = Job(
            attempt=number,
            token=(held.token if held else 0) + 1,
            work=request.work,
            options=request.options,
            resources=request.resources,
            backend=request.backend,
            sweep=request.sweep,
            code=code_name(store, request.code),
            submitted=time.time(),
            estimate=request.estimate,
        )
        replace_file(run.job(number), job.model_dump_json(indent=1))
    return job
