"""Turns decisions into attempts: writes trial.json and job.json, and submits tasks to a backend."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from orchestrator.backends.base import Backend, NotAllSubmitted
from orchestrator.errors import BackendError
from orchestrator.plan.decide import Decision
from orchestrator.plan.plan import Plan
from orchestrator.store.frozen_code import LIVE
from orchestrator.store.handle import Handle, write_handle
from orchestrator.store.layout import Store, writing
from orchestrator.store.new_attempt import JobRequest, new_attempt
from orchestrator.store.observe import Observed
from orchestrator.store.starting_point import provide_start
from orchestrator.supervisor.command import Task
from orchestrator.supervisor.ending import AttemptEnding, write_ending
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.errors import UserError
from trainer.record import State


class Submitted(NamedTuple):
    """The handles of submitted attempts, by trial; the trials that the backend did not accept, and why."""

    handles: dict[str, Handle]
    left: frozenset[str] = frozenset()
    cause: BackendError | UserError | None = None


def submit(
    store: Store,
    backend: Backend,
    plan: Plan,
    todo: Iterable[tuple[Trial, Decision]],
    seen: Mapping[str, Observed],
    code: Path = LIVE,
) -> Submitted:
    """Create the trials and attempts in `todo` and submit them, to run the packages in `code`.

    Trials to which another process has added an attempt since they were `seen` are skipped, and those whose source has
    just disappeared.
    Attempts that the backend refuses are removed; attempts whose acceptance is unknown are recorded as lost.
    """
    jobs: dict[Task, Job] = {}
    for trial, decision in todo:
        store.create_trial(trial)
        before = seen[trial.id]
        if trial.source and not provide_start(store, trial.id, trial.source.snapshot) and not before.attempts:
            continue
        job = new_attempt(store, trial.id, _request(store, backend, plan, trial, decision, code), before.newest)
        if job:
            directory = store.run(trial.id).path.resolve()
            jobs[Task(trial.id, directory, job.attempt, job.resources, code)] = job
    try:
        done = Submitted({handle.trial: handle for handle in backend.submit(backend.render(list(jobs)))})
    except NotAllSubmitted as error:
        handles = {handle.trial: handle for handle in error.handles}
        left = frozenset(task.trial for task in jobs) - handles.keys()
        done = Submitted(handles, left, error.cause)
        _withdraw(store, {task: job for task, job in jobs.items() if task.trial in left}, error)
    except BackendError as error:
        done = Submitted({}, frozenset(task.trial for task in jobs), error)
        _withdraw(store, jobs, NotAllSubmitted(error, (), jobs))
    for handle in done.handles.values():
        attempt = store.run(handle.trial).attempt(handle.attempt)
        with writing(attempt):
            write_handle(attempt, handle)
    return done


def _withdraw(store: Store, jobs: Mapping[Task, Job], error: NotAllSubmitted) -> None:
    """Remove refused attempts; record those whose acceptance is unknown as lost."""
    for task, job in jobs.items():
        run = store.run(task.trial)
        if task in error.unsure:
            write_ending(run, job, None, AttemptEnding(State.LOST, f"could not be submitted: {error}"))
        else:
            with writing(run.path):
                shutil.rmtree(run.attempt(task.attempt))


def run_options(spec: SweepSpec, store: Store, trial: Trial, horizon_kimg: float) -> RunOptions:
    """Return the run options of a trial of a sweep. `threads` defaults to `resources.cpus`."""
    watch = {"threads": trial.resources.cpus} | spec.watch.model_dump(exclude_unset=True)
    return RunOptions(
        horizon_kimg=horizon_kimg,
        data_path=trial.data_path,
        transfer_path=store.run(trial.id).start.resolve() if trial.source else trial.transfer_path,
        cache_dir=store.cache.resolve(),
        metrics=tuple(spec.metrics),
        score=spec.score_name,
        detector=spec.detector,
        distance=spec.distance,
        evaluation_seeds=spec.evaluation_seeds,
        probes=tuple(spec.probes),
        **watch,
    )


def _request(store: Store, backend: Backend, plan: Plan, trial: Trial, decision: Decision, code: Path) -> JobRequest:
    options = run_options(plan.sweep_of(trial.id).spec, store, trial, decision.to_kimg)
    estimate = plan.estimate_of(trial, decision.kimg)
    watts = backend.power.device_watts if backend.power else None
    return JobRequest(options, trial.resources, backend.name, plan.sweep.key, code, decision.work, estimate, watts)
