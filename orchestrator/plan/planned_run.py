"""Trials as plan.json names them."""

from orchestrator.plan.sources import NeededSource
from orchestrator.sweep.trial import Trial
from trainer.config.plan_file import PlannedRun, PlannedSource
from trainer.recording.sweep_state import Desired


def planned_run(trial: Trial, expected_seconds: float | None = None) -> PlannedRun:
    """Return the entry of a trial in plan.json."""
    return PlannedRun(
        cell=trial.cell,
        name=trial.name,
        axes=trial.axes,
        settings=dict(trial.settings),
        training_images=trial.config.data.training_images,
        seed=trial.seed,
        trial=trial.id,
        horizon_kimg=trial.horizon_kimg,
        start=trial.source.snapshot if trial.source else None,
        expected_seconds=expected_seconds,
        batch=max(trial.config.batch_schedule.batches),
    )


def planned_source(want: Desired, source: NeededSource, expected_seconds: float | None = None) -> PlannedSource:
    """Return the entry in plan.json of a trial that others start from."""
    spec, planned = source.sweep.spec, planned_run(source.trial, expected_seconds)
    return PlannedSource(
        **{**dict(planned), "cell": f"{source.sweep.key}: {source.trial.cell}"},
        sweep=source.sweep.key,
        score=spec.score_name if spec.metrics else "",
        metrics=want.metrics,
        detector=want.detector,
        distance=want.distance,
        evaluation_seeds=want.evaluation_seeds,
        evaluate_every_kimg=want.evaluate_every_kimg,
        probes=want.probes,
    )
