"""SweepRun: one completed run of a sweep, a line of STORE/sweeps/NAME/runs.jsonl.

Written by the orchestrator, read by orchestrator and analysis.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer.config.job import Estimate
from trainer.config.spec import Count
from trainer.config.stored import Duration, Moment
from trainer.files import read_lines

RUNS_FILE = "runs.jsonl"


class SweepRun(BaseModel):
    """The seconds that running a sweep took, from plan to end, and the estimate.

    `around` is the part in which no attempt ran: starting, waiting for the first slot, recording. `attempts` counts
    completed attempts.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    ended: Moment
    backend: str
    attempts: Count
    seconds: Duration
    around: Duration
    estimate: Estimate


def sweep_runs(path: Path) -> Iterator[SweepRun]:
    """Yield the lines of a runs.jsonl, skipping invalid ones."""
    for row in read_lines(path):
        try:
            yield SweepRun.model_validate(row)
        except ValidationError:
            continue
