"""SweepRun: one completed run of a sweep, a line of STORE/sweeps/NAME/runs.jsonl.

Written by the orchestrator, read by orchestrator and analysis.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer.config.job import Estimate
from trainer.config.spec import Count
from trainer.config.stored import Duration, Malformed, Moment, reason_of
from trainer.files import read_regular

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


def sweep_runs(path: Path, malformed: list[Malformed] | None = None) -> Iterator[SweepRun]:
    """Yield the lines of a runs.jsonl; those that are invalid are skipped, and reported in `malformed`."""
    faults = [] if malformed is None else malformed
    for number, line in enumerate(_lines(path, faults), 1):
        try:
            if line:
                yield SweepRun.model_validate_json(line)
        except ValidationError as error:
            faults.append(Malformed(path, number, reason_of(error)))


def _lines(path: Path, faults: list[Malformed]) -> list[bytes]:
    try:
        return read_regular(path).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        faults.append(Malformed(path, 0, reason_of(error)))
        return []
