"""Profile: the conventions of one SLURM cluster, in a YAML file in infra/profiles or beside the store."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

import orchestrator
from orchestrator.errors import PlanError, Problem, SweepError
from orchestrator.sweep.validation_messages import worded
from orchestrator.sweep.yaml_source import YamlSource, load
from trainer.config.spec import NonNegative, PositiveInt, Settings
from trainer.errors import did_you_mean

PROFILES = Path(orchestrator.__file__).parent.parent / "infra" / "profiles"
CHOICE = "ADASWEEP_PROFILE"

Word = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)]
"""One line of text; it is quoted wherever it goes."""

ShellLine = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]+$", max_length=2000)]
"""One line of shell, which the owner of the profile answers for."""

Flag = Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]

OURS = frozenset({"array", "output", "error", "signal", "requeue", "no-requeue", "job-name", "open-mode", "export"})
"""Flags of sbatch on which the backend itself relies."""


class Profile(Settings):
    """What jobs ask of a cluster beside the resources of their trial.

    minutes: time limit of a job; a longer trial goes on in the same job after a requeue, however often
    signal_seconds: how long before its time limit a job is told to save and make room
    throttle: jobs of one array that may run at the same time     array_limit: jobs in one array (below MaxArraySize)
    poll_seconds: squeue and sacct are asked at most once in this time, for all jobs together
    settle_seconds: how long a lost job may take to be requeued by SLURM before it counts as lost
    setup: lines of shell before the job's own: modules, environments
    flags: further flags of sbatch; `true` for those without a value
    """

    partition: Word | None = None
    account: Word | None = None
    qos: Word | None = None
    constraint: Word | None = None
    reservation: Word | None = None
    gpu_type: Word | None = None
    minutes: PositiveInt = 240
    signal_seconds: PositiveInt = 120
    throttle: PositiveInt = 64
    array_limit: PositiveInt = 1000
    poll_seconds: NonNegative = 15.0
    settle_seconds: NonNegative = 15.0
    setup: tuple[ShellLine, ...] = ()
    flags: dict[Flag, Word | int | bool] = {}

    @field_validator("flags")
    @classmethod
    def _leaves_ours_alone(cls, flags: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        taken = sorted(OURS & flags.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)}: set by adasweep itself")
        return flags


def chosen_profile(root: Path) -> Profile:
    """Return the profile that ADASWEEP_PROFILE names (or its path), else `slurm.yaml` of the store, else the default.

    Raises PlanError for an unknown name, SweepError with file and line for what is wrong in a file.
    """
    name = os.environ.get(CHOICE, "")
    if name:
        return read_profile(_file(name))
    own = root / "slurm.yaml"
    return read_profile(own) if own.exists() else Profile()


def _file(name: str) -> Path:
    if os.sep in name or name.endswith((".yaml", ".yml")):
        return Path(name)
    known = sorted(path.stem for path in PROFILES.glob("*.yaml"))
    if name not in known:
        raise PlanError(CHOICE, f"no profile is called {name!r}{did_you_mean(name, known)}", ", ".join(known))
    return PROFILES / f"{name}.yaml"


def read_profile(file: Path) -> Profile:
    """Return the profile in a file. Raises SweepError with a line for every problem."""
    source = load(file)
    try:
        return Profile.model_validate(source.values)
    except ValidationError as error:
        raise SweepError([_problem(source, detail) for detail in error.errors()]) from None


def _problem(source: YamlSource, detail: ErrorDetails) -> Problem:
    unknown = detail["type"] == "extra_forbidden"
    key = str(detail["loc"][-1])
    text = "is not a setting" + did_you_mean(key, Profile.model_fields) if unknown else worded(detail)
    return source.problem(detail["loc"], text)
