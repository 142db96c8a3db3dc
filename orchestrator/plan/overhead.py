"""The overhead of a sweep: starting, waiting for the first slot, recording, features of real images. Values only."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from orchestrator.plan.calibration import error_of, expected
from trainer.config.sweep_run import SweepRun

OVERHEAD_SECONDS = 10.0
SPREAD = 3.0
REFERENCE_SPREAD = 3.0


class Overhead(NamedTuple):
    """Seconds in which no attempt makes progress, with a 90 % interval from `low` to `high`."""

    seconds: float
    low: float
    high: float


NO_OVERHEAD = Overhead(0.0, 0.0, 0.0)


def overhead_of(runs: Sequence[SweepRun], reference_seconds: float) -> Overhead:
    """Return the overhead expected from earlier runs, plus the time to compute features of real images."""
    usual = median(run.around for run in runs) if runs else OVERHEAD_SECONDS
    errors = [error for run in runs if (error := error_of(run.ended, run.around, usual))]
    middle, low, high = expected(errors, SPREAD)
    return Overhead(
        usual * middle + reference_seconds,
        usual * low + reference_seconds / REFERENCE_SPREAD,
        usual * high + reference_seconds * REFERENCE_SPREAD,
    )
