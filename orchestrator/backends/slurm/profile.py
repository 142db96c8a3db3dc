"""Profile: the conventions of one SLURM cluster, in a YAML file in infra/profiles or beside the store."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

import orchestrator
from orchestrator.backends.slurm.flags import REFUSED, REFUSED_OF_SRUN, Flags, TextLine, contradictions
from orchestrator.backends.slurm.shell_syntax import syntax_error
from orchestrator.errors import PlanError, Problem, SweepError
from orchestrator.sweep.validation_messages import error_text
from orchestrator.sweep.yaml_source import YamlSource, load
from trainer.config.node_paths import moved
from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings
from trainer.errors import did_you_mean

PROFILES = Path(orchestrator.__file__).parent.parent / "infra" / "profiles"
CHOICE = "ADASWEEP_PROFILE"

SiteName = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f'\"`;$\\]+$", max_length=500)]
"""What SLURM calls something of the cluster."""

GpuType = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
"""What SLURM calls GPUs of one kind."""

ShellLine = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]+$", max_length=2000)]
"""One line of shell, which the owner of the profile answers for."""

Scratch = Annotated[str, Field(pattern=r"^[/$][\w./${}:@%+ -]*$", max_length=500)]
"""A folder; variables of the node are replaced there, and nothing else is."""

AbsoluteFolder = Annotated[str, Field(pattern=r"^/[^\x00-\x1f\x7f%\\\"]*$", max_length=500)]
"""An absolute path."""

CLOCK = re.compile(r"(?:(\d{1,4})-)?(\d{1,4})(?::(\d{1,2}))?(?::(\d{1,2}))?", re.ASCII)


Minutes = Annotated[int, Field(ge=1, le=527_040)]
"""A year at most."""

SignalSeconds = Annotated[int, Field(ge=1, le=65_535)]
"""As many as SLURM takes."""

JobCount = Annotated[int, Field(ge=1, le=4_000_001)]
"""As many as an array may have."""

FLAGS = {"flags": REFUSED, "srun": REFUSED_OF_SRUN}
EXPECTED = {
    **dict.fromkeys(("partition", "qos", "reservation", "gpu_type"), "is a name in SLURM, without blanks or quotes"),
    **dict.fromkeys(("account", "constraint", "python", "flags", "srun"), "is one line of text"),
    **dict.fromkeys(("setup", "wrapper"), "is one line of shell"),
    **dict.fromkeys(("paths", "container_paths"), "is an absolute path, without % or quotes"),
    "scratch": "is a folder of the node, where variables may stand, as in $TMPDIR/adasweep",
}
"""What settings that are texts are, for those that are not."""


class NodeSize(Settings):
    """What one node has; None where the profile does not say."""

    gpus: PositiveInt | None = None
    cpus: PositiveInt | None = None
    memory_gib: Positive | None = None


class Profile(Settings):
    """What jobs ask of a cluster beside the resources of their trial."""

    partition: SiteName | None = Field(None, description="partition, or several with commas")
    account: TextLine | None = Field(None, description="account that is charged")
    qos: SiteName | None = Field(None, description="quality of service")
    constraint: TextLine | None = Field(None, description="features that nodes must have, as in `a100|h100`")
    reservation: SiteName | None = Field(None, description="reservation")
    gpu_type: GpuType | None = Field(
        None, description="type of GPU; a trial of two GPUs asks for `--gpus-per-node=TYPE:2`"
    )
    flags: Flags = Field(
        {},
        description="further long flags of sbatch, as in `{mail-type: FAIL, exclusive: true}`; `true`: without a value",
    )
    minutes: Minutes = Field(
        240, description="time limit of a job; a longer trial goes on in the same job after a requeue, however often"
    )
    signal_seconds: SignalSeconds = Field(
        120, description="how long before its time limit a job is told to save and make room"
    )
    throttle: JobCount = Field(64, description="jobs of one array that may run at the same time")
    array_limit: JobCount = Field(1000, description="jobs in one array (MaxArraySize at most)")
    poll_seconds: NonNegative = Field(
        15.0, description="squeue and sacct are asked at most once in this time, for all jobs together"
    )
    settle_seconds: NonNegative = Field(
        15.0, description="how long a lost job may take to be requeued by SLURM before it counts as lost"
    )
    python: TextLine | None = Field(
        None,
        description="Python on the nodes or in the container, with the packages that adasweep needs; "
        "unless set, the one that runs `adasweep`",
    )
    setup: tuple[ShellLine, ...] = Field(
        (), description="lines of shell before the job's own (modules, conda); a line that fails ends the job"
    )
    wrapper: ShellLine | None = Field(
        None, description="words of shell before Python, as in `apptainer exec --nv image.sif`"
    )
    srun: Flags = Field(
        {}, description="further long flags of srun, as in `{container-image: nvcr.io/nvidia/pytorch:25.01-py3}`"
    )
    scratch: Scratch | None = Field(
        None, description="folder on the node's own disk in which images are decoded, as in `$TMPDIR`"
    )
    node: NodeSize | None = Field(
        None,
        description="what the largest node has, as in `{gpus: 8, cpus: 96, memory_gib: 1000}`; "
        "`plan` refuses trials that need more",
    )
    paths: dict[AbsoluteFolder, AbsoluteFolder] = Field(
        {}, description="folders that nodes see elsewhere than the machine that submits: `{/home/me: /mnt/nfs/me}`"
    )
    container_paths: dict[AbsoluteFolder, AbsoluteFolder] = Field(
        {}, description="folders that containers see elsewhere than their nodes: `{/mnt/nfs/me: /work}`"
    )

    @property
    def paths_inside(self) -> dict[str, str]:
        """Return where a job's Python sees folders, by what they are called on the machine that submits."""
        there = {place: str(moved(Path(seen), self.container_paths)) for place, seen in self.paths.items()}
        return {**self.container_paths, **there}

    @field_validator("minutes", mode="before")
    @classmethod
    def _no_clock(cls, minutes: object) -> object:
        match = CLOCK.fullmatch(minutes) if isinstance(minutes, str) else None
        if match:
            days, *parts = (int(part or 0) for part in match.groups())
            hours, rest, seconds = parts if match[1] or match[4] else (0, *parts[:2])
            told = days * 1440 + hours * 60 + rest + (seconds > 0)
            raise ValueError(f"is a number of minutes; write {max(1, told)}")
        return minutes

    @model_validator(mode="after")
    def _says_when_to_save(self) -> Self:
        if self.signal_seconds >= self.minutes * 60:
            raise ValueError(f"signal_seconds: {self.signal_seconds} is no less than minutes: {self.minutes}")
        return self


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
    problems = [*_contradictions(source)]
    try:
        profile = Profile.model_validate(source.values)
    except ValidationError as error:
        told = (_problem(source, detail) for detail in error.errors() if not _is_of_a_flag(detail))
        raise SweepError([*problems, *told]) from None
    for key, text in (("setup", "\n".join(profile.setup)), ("wrapper", f"{profile.wrapper or ''} true")):
        if why := syntax_error(text):
            problems.append(source.problem((key,), f"is no line of shell: {why}"))
    if problems:
        raise SweepError(problems)
    return profile


def _contradictions(source: YamlSource) -> Iterator[Problem]:
    for group, refused in FLAGS.items():
        flags = source.values.get(group)
        for flag, why in contradictions(flags, refused) if isinstance(flags, dict) else ():
            yield source.problem((group, flag), why)


def _is_of_a_flag(detail: ErrorDetails) -> bool:
    """Return whether `_contradictions` tells of it: what is no flag, or no value of one, in a line each."""
    wrong_type = detail["type"] not in ("string_pattern_mismatch", "string_too_long")
    return detail["loc"][:1] in (("flags",), ("srun",)) and len(detail["loc"]) > 1 and wrong_type


def _problem(source: YamlSource, detail: ErrorDetails) -> Problem:
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        return source.problem(detail["loc"], "is not a setting" + did_you_mean(key, Profile.model_fields))
    group = str(next(iter(detail["loc"]), ""))
    words = EXPECTED.get(group) if detail["type"] == "string_pattern_mismatch" else None
    place = tuple(part for part in detail["loc"] if part != "constrained-str")
    return source.problem(place, f"{words}, not {detail['input']!r}" if words else error_text(detail))
