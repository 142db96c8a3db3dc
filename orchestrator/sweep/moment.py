"""Which snapshot of a source `at` means: one that is kept, at a moment that is known before anything is trained."""

from typing import Literal

from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.stored import is_within
from trainer.config.training import TransferFromTrial


class Unkept(Exception):
    """There will be no such snapshot; the text says why, and what there will be."""


def snapshot_of(at: Literal["last", "best"] | float, trial: Trial, spec: SweepSpec) -> TransferFromTrial:
    """Return the snapshot of a trial, trained as `spec` says, that `at` means. Raises Unkept."""
    if at == "last":
        return TransferFromTrial(trial=trial.id, kimg=trial.horizon_kimg)
    if at == "best":
        return TransferFromTrial(trial=trial.id, kimg=trial.horizon_kimg, best_by=_decisive_metric(spec))
    kimg = trial.config.whole_iterations(at)
    if why := _never_kept(at, kimg, trial, spec):
        raise Unkept(why)
    return TransferFromTrial(trial=trial.id, kimg=kimg)


def _decisive_metric(spec: SweepSpec) -> str:
    if not spec.metrics:
        raise Unkept("there is no best snapshot where `metrics` is empty; use last")
    return spec.score_name


def _never_kept(at: float, kimg: float, trial: Trial, spec: SweepSpec) -> str:
    """Return why no snapshot is kept at a moment, or nothing."""
    every = spec.watch.evaluate_every_kimg
    if not is_within(kimg, trial.horizon_kimg):
        return f"{at:g} kimg is beyond the end of the source, {trial.horizon_kimg:g} kimg"
    if is_within(trial.horizon_kimg, kimg):
        return ""
    if abs(at / every - round(at / every)) > 1e-9:
        return f"no snapshot is made at {at:g} kimg; evaluations of the source come every {every:g} kimg"
    if spec.watch.snapshots_kept != "all":
        return f"the snapshot at {at:g} kimg is not kept; set watch.snapshots_kept: all there"
    return ""
