"""SweepRun: one time that a sweep was run to its end, a line of STORE/sweeps/NAME/runs.jsonl.

The orchestrator writes it; orchestrator and analysis read it here.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer.config.job import Estimate
from trainer.config.spec import Count, NonNegative
from trainer.files import read_lines

RUNS_FILE = "runs.jsonl"


class SweepRun(BaseModel):
    """What running a sweep took in seconds, from its plan to its end, and what it was expected to take.

    `around` is the part in which no attempt ran: starting, waiting for the first slot, recording. `attempts` counts
    those that were done.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    ended: NonNegative
    backend: str
    attempts: Count
    seconds: NonNegative
    around: NonNegative
    estimate: Estimate


def sweep_runs(path: Path) -> Iterator[SweepRun]:
    """Yield the lines of a runs.jsonl; what is no such line is passed over."""
    for row in read_lines(path):
        try:
            yield SweepRun.model_validate(row)
        except ValidationError:
            continue
