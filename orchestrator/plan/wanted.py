"""What a plan wants of its trials."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.plan.sources import needed_sources
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from trainer.recording.sweep_state import Desired


def wanted_of(sweep: Sweep, trials: Sequence[Trial]) -> dict[str, Desired]:
    """Return what a sweep wants of each trial, and of those that they start from: these first.

    A cell that others start from is trained to the furthest moment that any of them asks for.
    """
    own = {trial.id: _desired(sweep, sweep.key, trial) for trial in trials}
    found: dict[str, Desired] = {}
    for trial, source in needed_sources(trials).items():
        want = own.pop(trial, None) or _desired(source.sweep, sweep.key, source.trial)
        found[trial] = replace(want, horizon_kimg=max(want.horizon_kimg, source.trial.horizon_kimg))
    return {**found, **own}


def _desired(sweep: Sweep, by: str, trial: Trial) -> Desired:
    spec = sweep.spec
    rest = (spec.distance, spec.evaluation_seeds, tuple(spec.probes), spec.watch.evaluate_every_kimg)
    return Desired(trial.horizon_kimg, tuple(spec.metrics), spec.detector, by, *rest)
