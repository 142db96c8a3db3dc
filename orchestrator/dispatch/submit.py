"""Turns decisions into attempts: trial.json, job.json, and a task handed to a backend."""

from collections.abc import Callable, Iterable
from pathlib import Path

from orchestrator.backends.base import Backend, Handle, write_handle
from orchestrator.errors import BackendError
from orchestrator.plan.decide import Decision
from orchestrator.store.frozen_code import LIVE
from orchestrator.store.layout import Store, writing
from orchestrator.store.new_attempt import JobRequest, new_attempt
from orchestrator.supervisor.command import Task
from orchestrator.supervisor.ending import AttemptEnding, write_ending
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.job import Estimate, Job
from trainer.config.options import RunOptions
from trainer.record import State

EstimateOf = Callable[[Trial, float], Estimate | None]
"""How long an attempt at so many kimg of a trial is expected to take; None where nobody has said."""


def without_estimate(_trial: Trial, _kimg: float) -> None:
    """Expect nothing of an attempt."""


def submit(
    store: Store,
    backend: Backend,
    sweep: Sweep,
    todo: Iterable[tuple[Trial, Decision]],
    code: Path = LIVE,
    estimate_of: EstimateOf = without_estimate,
) -> dict[str, Handle]:
    """Create the trials and attempts that `todo` asks for and submit them; return their handles by trial.

    They run the packages in `code`.

    Trials to which somebody else has just added an attempt are left out. Raises BackendError, the attempts ended.
    """
    jobs: dict[Task, Job] = {}
    for trial, decision in todo:
        store.create_trial(trial)
        request = _request(store, backend, sweep, trial, decision, code)
        request = request._replace(estimate=estimate_of(trial, decision.kimg))
        job = new_attempt(store, trial.id, request)
        if job:
            directory = store.run(trial.id).path.resolve()
            jobs[Task(trial.id, directory, job.attempt, job.resources, code)] = job
    try:
        handles = backend.submit(backend.render(list(jobs)))
    except BackendError as error:
        for task, job in jobs.items():
            write_ending(
                store.run(task.trial), job, None, AttemptEnding(State.LOST, f"could not be submitted: {error}")
            )
        raise
    for task, handle in zip(jobs, handles, strict=True):
        with writing(task.directory):
            write_handle(store.run(task.trial).attempt(task.attempt), handle)
    return {handle.trial: handle for handle in handles}


def run_options(spec: SweepSpec, store: Store, trial: Trial, horizon_kimg: float) -> RunOptions:
    """Return how a trial of a sweep is watched and how far it goes. Threads follow `resources.cpus` unless set."""
    watch = {"threads": trial.resources.cpus} | spec.watch.model_dump(exclude_unset=True)
    return RunOptions(
        horizon_kimg=horizon_kimg,
        data_path=trial.data_path,
        transfer_path=trial.transfer_path,
        cache_dir=store.cache.resolve(),
        metrics=tuple(spec.metrics),
        detector=spec.detector,
        distance=spec.distance,
        evaluation_seeds=spec.evaluation_seeds,
        probes=tuple(spec.probes),
        **watch,
    )


def _request(store: Store, backend: Backend, sweep: Sweep, trial: Trial, decision: Decision, code: Path) -> JobRequest:
    options = run_options(sweep.spec, store, trial, decision.to_kimg)
    return JobRequest(options, trial.resources, backend.name, sweep.key, code, decision.work)
