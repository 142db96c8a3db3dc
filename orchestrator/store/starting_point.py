"""The snapshot of another trial that a trial starts from: found there, and kept with the trial that needs it."""

import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from orchestrator.store.layout import Store, writing
from orchestrator.store.scores import score_curve
from trainer.config.job import read_job
from trainer.config.metrics.names import better
from trainer.config.stored import EvaluationMoments
from trainer.config.training import TransferFromTrial
from trainer.files import replacing


def source_snapshot(store: Store, start: TransferFromTrial) -> Path | None:
    """Return the file of a snapshot of another trial, as far as it is there now; None where it is not."""
    run = store.run(start.trial)
    kimg = _best_kimg(store, start, start.best_by) if start.best_by else start.kimg
    path = run.snapshot(round(kimg * 1000)) if kimg is not None else None
    return path if path and path.is_file() else None


def kept_snapshots(store: Store, starts: Iterable[TransferFromTrial]) -> frozenset[TransferFromTrial]:
    """Return those of the snapshots that are there."""
    return frozenset(start for start in dict.fromkeys(starts) if source_snapshot(store, start))


def provide_start(store: Store, trial: str, start: TransferFromTrial) -> bool:
    """Give a trial the snapshot that it starts from as a file of its own, unless it has it; return whether it has.

    It shares the bytes of the source's file where the file system can do that. Whatever happens to the source later,
    the trial has what it began with.
    """
    target = store.run(trial).start
    if target.is_file():
        return True
    source = source_snapshot(store, start)
    if source is None:
        return False
    with writing(target), replacing(target) as draft:
        _linked_or_copied(source, draft)
    return True


def _linked_or_copied(source: Path, draft: Path) -> None:
    try:
        os.link(source, draft)
    except OSError:  # another file system, or one that has no links: the copy raises what is really wrong
        shutil.copyfile(source, draft)


def _best_kimg(store: Store, start: TransferFromTrial, metric: str) -> float | None:
    """Return the best point of a trial, with the moments and evaluation seeds of the sweep that trained it."""
    sign = 1 if better(metric) == "lower" else -1
    run = store.run(start.trial)
    jobs = (read_job(run.job(number)) for number in run.attempts())
    trained = next((job for job in jobs if job and job.work == "train"), None)
    seeds = (trained.sweep, trained.options.evaluation_seeds) if trained else ()
    config, every = store.config(start.trial), trained.options.evaluate_every_kimg if trained else None
    moments = EvaluationMoments(start.kimg, every, max(config.batch_schedule.batches) if config else None)
    curve = score_curve(run, metric, moments, *seeds)
    scores = {kimg: sign * value for kimg, value in sorted(curve.items()) if math.isfinite(value)}
    return min(scores, key=lambda kimg: scores[kimg], default=None)
