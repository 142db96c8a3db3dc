"""Profile: the settings of one SLURM cluster, in a YAML file in infra/profiles or in the store."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

import orchestrator
from orchestrator.backends.slurm.flags import ITSELF, KEY, REFUSED, REFUSED_OF_SRUN, Flags, TextLine, contradictions
from orchestrator.backends.slurm.shell_syntax import command_end, syntax_error
from orchestrator.errors import PlanError, Problem, SweepError
from orchestrator.sweep.keys import models_in
from orchestrator.sweep.validation_messages import error_text
from orchestrator.sweep.yaml_source import YamlSource, load
from trainer.config.job import MOST_MINUTES, no_clock
from trainer.config.node_paths import moved
from trainer.config.node_power import NodePower
from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings
from trainer.errors import did_you_mean

PROFILES = Path(orchestrator.__file__).parent.parent / "infra" / "profiles"
CHOICE = "ADASWEEP_PROFILE"

SiteName = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f'\"`;$\\]+$", max_length=500)]
"""The name of a partition, QOS or reservation."""

GpuType = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
"""The name of a GPU type."""

ShellLine = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]+$", max_length=2000)]
"""One shell command; the author of the profile is responsible for it."""

Scratch = Annotated[str, Field(pattern=r"^[/$][\w./${}:@%+ -]*$", max_length=500)]
"""A folder; only environment variables are expanded, on the node."""

AbsoluteFolder = Annotated[str, Field(pattern=r"^/[^\x00-\x1f\x7f%\\\"]*$", max_length=500)]
"""An absolute path."""

Program = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f~$][^\x00-\x1f\x7f$]*$", max_length=500)]
"""A command or its path; the shell of the job expands nothing in it."""

Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES), BeforeValidator(no_clock)]
"""At most a year."""

SignalSeconds = Annotated[int, Field(ge=1, le=65_535)]
"""SLURM's limit."""

JobCount = Annotated[int, Field(ge=1, le=4_000_001)]
"""SLURM's limit for an array."""

FLAGS = {"flags": REFUSED, "srun": REFUSED_OF_SRUN}
EXPECTED = {
    **dict.fromkeys(("partition", "qos", "reservation", "gpu_type"), "must be a name without blanks or quotes"),
    **dict.fromkeys(("account", "constraint", "flags", "srun"), "must be one line of text"),
    "python": "must be a command or a path, without ~ and $, which are not expanded",
    **dict.fromkeys(("setup", "wrapper"), "must be one shell command"),
    **dict.fromkeys(("paths", "container_paths"), "must be an absolute path, without % or quotes"),
    **dict.fromkeys(
        ("scratch", "stage"), "must be a folder of the node, possibly with variables, as in $TMPDIR/adasweep"
    ),
}
"""What the values of text settings must be."""


class NodeSize(Settings):
    """The resources of one node; None if the profile does not say."""

    gpus: PositiveInt | None = None
    cpus: PositiveInt | None = None
    memory_gib: Positive | None = None


class StagingFolder(Settings):
    """Where a node keeps its own copy of the data while it decodes them, and the decoded images."""

    to: Scratch


class Profile(Settings):
    """What jobs request besides the resources of their trial."""

    partition: SiteName | None = Field(None, description="partition, or several separated by commas")
    account: TextLine | None = Field(None, description="account to charge")
    qos: SiteName | None = Field(None, description="quality of service")
    constraint: TextLine | None = Field(None, description="features that nodes must have, as in `a100|h100`")
    reservation: SiteName | None = Field(None, description="reservation")
    gpu_type: GpuType | None = Field(
        None, description="type of GPU; a trial with two GPUs requests `--gpus-per-node=TYPE:2`"
    )
    flags: Flags = Field(
        {},
        description="further long flags of sbatch, as in `{mail-type: FAIL, exclusive: true}`; "
        "`true` for flags without a value",
    )
    minutes: Minutes = Field(240, description="time limit of a job; longer trials are requeued and continue")
    signal_seconds: SignalSeconds = Field(
        120, description="how long before its time limit a job is signalled to save and requeue"
    )
    throttle: JobCount = Field(64, description="maximum number of jobs of one array that run at a time")
    array_limit: JobCount = Field(1000, description="maximum number of jobs in one array; at most MaxArraySize")
    poll_seconds: NonNegative = Field(
        15.0, description="minimum time between two polls (squeue, sacct), for all jobs together"
    )
    settle_seconds: NonNegative = Field(
        15.0, description="how long SLURM may take to requeue a job before it counts as lost"
    )
    python: Program | None = Field(
        None,
        description="Python on the nodes or in the container, with adasweep's dependencies; "
        "default: the one that runs `adasweep`",
    )
    setup: tuple[ShellLine, ...] = Field(
        (), description="shell commands to run first (modules, conda); if one fails, the job fails"
    )
    wrapper: ShellLine | None = Field(
        None,
        description="one command before Python, as in `apptainer exec --nv image.sif`; several go into `setup`",
    )
    srun: Flags = Field(
        {}, description="further long flags of srun, as in `{container-image: nvcr.io/nvidia/pytorch:25.01-py3}`"
    )
    scratch: Scratch | None = Field(
        None, description="folder on the node's local disk for decoded images, as in `$TMPDIR`"
    )
    stage: StagingFolder | None = Field(
        None,
        description="`{to: $TMPDIR}`: before an archive is decoded, copy it to this folder on the node's local disk, "
        "once per node; without `scratch`, decoded images are kept there too",
    )
    node: NodeSize | None = Field(
        None,
        description="resources of the largest node, as in `{gpus: 8, cpus: 96, memory_gib: 1000}`; "
        "`plan` refuses trials that need more",
    )
    power: NodePower | None = Field(
        None,
        description="power of a node in watts, its GPUs (or cores, without GPUs), and a factor for cooling, as in "
        "`{watts: 2200, devices: 8, overhead: 1.2}`; for energy that is planned, or was not metered",
    )
    paths: dict[AbsoluteFolder, AbsoluteFolder] = Field(
        {}, description="folders with another path on nodes than on the submitting machine: `{/home/me: /mnt/nfs/me}`"
    )
    container_paths: dict[AbsoluteFolder, AbsoluteFolder] = Field(
        {}, description="folders with another path in containers than on nodes: `{/mnt/nfs/me: /work}`"
    )

    @property
    def paths_inside(self) -> dict[str, str]:
        """Return the paths of folders for a job's Python, by their paths on the submitting machine."""
        inside = {path: str(moved(Path(on_node), self.container_paths)) for path, on_node in self.paths.items()}
        return {**self.container_paths, **inside}

    @model_validator(mode="after")
    def _signals_within_time_limit(self) -> Self:
        if self.signal_seconds >= self.minutes * 60:
            raise ValueError(f"signal_seconds: {self.signal_seconds} must be less than minutes: {self.minutes}")
        return self


def chosen_profile(root: Path) -> Profile:
    """Return the profile set in ADASWEEP_PROFILE (a name or file), else the store's `slurm.yaml`, else the default.

    Raises PlanError for an unknown name, SweepError with file and line for an invalid file.
    """
    name = os.environ.get(CHOICE, "")
    if name:
        return read_profile(_file(name))
    own = root / "slurm.yaml"
    return read_profile(own) if os.path.lexists(own) else Profile()


def _file(name: str) -> Path:
    if os.sep in name or name.lower().endswith((".yaml", ".yml")):
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
        invalid = (_problem(source, detail) for detail in error.errors() if not _is_of_a_flag(detail))
        raise SweepError([*problems, *invalid]) from None
    for key, text in (("setup", "\n".join(profile.setup)), ("wrapper", f"{profile.wrapper or ''} true")):
        if why := syntax_error(text):
            problems.append(source.problem((key,), f"is not a shell command: {why}"))
    if end := command_end(profile.wrapper or ""):
        way_out = "put other commands into setup, or the text in quotes"
        problems.append(source.problem(("wrapper",), f"ends at {end}, before Python; {way_out}"))
    if problems:
        raise SweepError(problems)
    return profile


def _contradictions(source: YamlSource) -> Iterator[Problem]:
    for group, refused in FLAGS.items():
        flags = source.values.get(group)
        for flag, why in contradictions(flags, refused) if isinstance(flags, dict) else ():
            yield source.problem((group, flag), why)


def _is_of_a_flag(detail: ErrorDetails) -> bool:
    """Return whether `_contradictions` reports this error, in one line per flag."""
    wrong_type = detail["type"] not in ("string_pattern_mismatch", "string_too_long")
    return detail["loc"][:1] in (("flags",), ("srun",)) and len(detail["loc"]) > 1 and wrong_type


def _instead(place: tuple[int | str, ...]) -> str:
    """Return what to write instead of an unknown key: what stands for a flag of sbatch, or the nearest key."""
    group, key = Profile.model_fields.get(str(place[0])), str(place[-1])
    if len(place) == 1 and REFUSED.get(key, KEY) not in (KEY, ITSELF):
        return f": {REFUSED[key]}"
    inner = [name for model in models_in(group.annotation) for name in model.model_fields] if group else []
    return did_you_mean(key, inner if place[1:] else Profile.model_fields) or f"; there are {', '.join(inner)}" * bool(
        inner
    )


def _problem(source: YamlSource, detail: ErrorDetails) -> Problem:
    if detail["type"] == "extra_forbidden":
        return source.problem(detail["loc"], "is not a setting" + _instead(detail["loc"]))
    group = str(next(iter(detail["loc"]), ""))
    expected = EXPECTED.get(group) if detail["type"] == "string_pattern_mismatch" else None
    place = tuple(part for part in detail["loc"] if part != "constrained-str")
    return source.problem(place, f"{expected}, not {detail['input']!r}" if expected else error_text(detail))
