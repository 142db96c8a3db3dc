"""Which snapshots of a trial other sweeps keep: they share the trial, and its next attempts leave them alone."""

from collections.abc import Sequence
from typing import Any

from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.stored import is_within, read_document, rows_in
from trainer.evaluation.best_snapshot import best_snapshot
from trainer.record import RunDir, State, read_record


def kept_for_others(run: RunDir, sweep: str) -> set[int]:
    """Return the image counters of the snapshots that attempts for other sweeps than this one keep.

    Attempts that keep all, or leave their evaluation to later, keep those up to their horizon; others, once they are
    done, the last of these and the best by their own score.
    """
    rows, found = list(rows_in(run.metrics)), run.kept_snapshots()
    kept: set[int] = set()
    for number in run.attempts():
        job = read_document(run.job(number), Job)
        if job and job.sweep != sweep:
            record = read_record(run.record(number))
            kept |= _kept_by(job.options, found, rows, is_done=record is not None and record.state is State.DONE)
    return kept


def _kept_by(options: RunOptions, found: Sequence[int], rows: Sequence[dict[str, Any]], *, is_done: bool) -> set[int]:
    own = [images for images in found if is_within(images / 1000, options.horizon_kimg)]
    if options.snapshots_kept == "all" or options.evaluation == "later":
        return set(own)
    if not is_done or not own:
        return set()
    return {max(own), best_snapshot(own, rows, options) or max(own)}
