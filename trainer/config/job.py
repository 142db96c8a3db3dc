"""Job: the request for one attempt at a trial. Written by the orchestrator, read by supervisor and worker."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from trainer.config.options import MOST_CPUS, RunOptions
from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings, is_off
from trainer.config.stored import Malformed, of_own_attempt, read_document

MOST_GPUS = 4096
MOST_GIB = 1_000_000
MOST_MINUTES = 527_040
"""A year."""

Work = Literal["train", "evaluate"]
"""What an attempt does: train to the horizon, or measure metrics and probes of the kept snapshots."""


def _whole_or_share(gpus: float) -> int | float:
    if not (gpus < 1 or gpus == gpus // 1) or math.isinf(gpus):
        raise ValueError("must be a whole number of GPUs, or a share of one between 0 and 1")
    return gpus if gpus % 1 else int(gpus)


CLOCK = re.compile(r"(?:(\d{1,4})-)?(\d{1,4})(?::(\d{1,2}))?(?::(\d{1,2}))?", re.ASCII)
MINUTES_IN = {"m": 1, "min": 1, "minutes": 1, "h": 60, "hours": 60, "d": 1440, "days": 1440}
GIB_IN = {"k": 2**-20, "m": 2**-10, "g": 1, "t": 2**10}
WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def no_clock(minutes: object) -> object:
    """Return what is no time as SLURM writes it, nor a number with a unit. Raises ValueError with the minutes."""
    if isinstance(minutes, str) and (found := _of_clock(minutes) or _of_unit(minutes.lower(), MINUTES_IN)):
        raise ValueError(f"must be a number of minutes; write {max(1, found):g}")
    return minutes


def _of_clock(text: str) -> float:
    match = CLOCK.fullmatch(text)
    if not match or text.isdecimal():
        return 0
    days, *parts = (int(part or 0) for part in match.groups())
    hours, rest, seconds = parts if match[1] or match[4] else (0, *parts[:2])
    return days * 1440 + hours * 60 + rest + (seconds > 0)


def _of_unit(text: str, sizes: Mapping[str, float]) -> float:
    match = WITH_UNIT.fullmatch(text)
    return float(match[1]) * sizes.get(match[2], 0) if match else 0


def _no_unit(gib: object) -> object:
    if isinstance(gib, str) and (found := _of_unit(gib.lower().removesuffix("b").removesuffix("i"), GIB_IN)):
        raise ValueError(f"must be a number of GiB; write {found:g}")
    return gib


Gpus = Annotated[int | float, Field(ge=0, le=MOST_GPUS), AfterValidator(_whole_or_share)]
Cpus = Annotated[PositiveInt, Field(le=MOST_CPUS)]
MemoryGib = Annotated[Positive, Field(le=MOST_GIB), BeforeValidator(_no_unit)]
LimitMinutes = Annotated[Positive, Field(le=MOST_MINUTES), BeforeValidator(no_clock)]


class Resources(Settings):
    """The resources of a job. `minutes` is the time limit requested from a cluster; None uses the cluster's default.

    `gpus` is a number of whole GPUs, or a share of one if the backend can share them; others allocate a whole one.
    """

    gpus: Gpus = 0
    cpus: Cpus = 1
    memory_gib: MemoryGib = 4.0
    minutes: LimitMinutes | None = None

    @property
    def whole_gpus(self) -> int:
        """Return the GPUs to allocate on a backend that cannot share them."""
        return math.ceil(self.gpus)


class Estimate(Settings):
    """The estimated duration of an attempt in seconds on its resources, including start-up and evaluations.

    Nine in ten attempts are expected to take between `low` and `high`. `plain` is `seconds` before correction by past
    errors, `kind` its source, and `made` (Unix seconds) is shared by all estimates of one plan.
    """

    seconds: NonNegative
    low: NonNegative
    high: NonNegative
    plain: NonNegative
    kind: str
    made: NonNegative


class Job(Settings):
    """One attempt, numbered from 1, with a fencing `token` that increases within a trial.

    `code` is the content hash of the frozen packages that it runs, "live" for those of a working copy.
    `device_watts` is the nominal power of one device of its node, if the backend knows it.
    """

    attempt: PositiveInt
    token: PositiveInt
    work: Work = "train"
    options: RunOptions
    resources: Resources = Resources()
    backend: str = "local"
    sweep: str = ""
    code: str = ""
    submitted: NonNegative = 0.0
    estimate: Estimate | None = None
    device_watts: Annotated[Positive | None, Field(exclude_if=is_off)] = None


def read_job(path: Path, malformed: list[Malformed] | None = None) -> Job | None:
    """Return the job at `path`.

    Returns None if it is missing, or invalid or of another attempt, which is reported in `malformed`.
    """
    return of_own_attempt(read_document(path, Job, malformed), path, malformed)
