"""Turns tasks into sbatch scripts: tasks with equal requirements form one array, in submitit's format."""

import hashlib
import itertools
import json
import math
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submitit.slurm import slurm as submitit_slurm

from orchestrator.backends.slurm.profile import Profile
from orchestrator.errors import StoreError
from orchestrator.supervisor.command import Task, environment
from trainer.config.job import Resources
from trainer.config.node_paths import PATHS, SCRATCH, STAGE, moved

FORBIDDEN_IN_PATHS = frozenset('%\\"') | frozenset(map(chr, range(32))) | {"\x7f"}
"""Characters that sbatch interprets in file names, even quoted."""

ON_SETUP_ERROR = "trap 'echo \"adasweep: setup of the profile failed: $BASH_COMMAND\" >&2; exit 2' ERR"

ENDLESS = 1_000_000
"""submitit's limit of requeues; adasweep decides itself whether to requeue."""


@dataclass(frozen=True)
class JobArray:
    """Tasks to submit together. `folder` has their scripts, pickles and logs; `command` starts Python on a node."""

    tasks: tuple[Task, ...]
    folder: Path
    parameters: dict[str, Any]
    command: str
    profile: Profile

    @property
    def name(self) -> str:
        return str(self.parameters["job_name"])

    def path_inside(self, path: Path) -> Path:
        """Return `path` as the job's Python sees it."""
        return moved(path, self.profile.paths_inside)

    @property
    def script(self) -> str:
        """Return the script for sbatch."""
        folder, count = moved(self.folder, self.profile.paths), len(self.tasks)
        parameters = self.parameters | {"wckey": None} | ({"map_count": count} if count > 1 else {})
        command = f"{self.command} -u -m submitit.core._submit {shlex.quote(str(self.path_inside(self.folder)))}"
        text = submitit_slurm._make_sbatch_string(command=command, folder=folder, **parameters)
        return str(text)


def arrays(tasks: Sequence[Task], profile: Profile, root: Path, python: str = sys.executable) -> list[JobArray]:
    """Return `tasks` as arrays, in an order that depends only on the tasks. `root` contains their folders."""
    return [array_of(group, profile, root, python) for group in _groups(tasks, profile.array_limit)]


def array_of(tasks: Sequence[Task], profile: Profile, root: Path, python: str = sys.executable) -> JobArray:
    """Return tasks with equal requirements as one array."""
    _require_safe_path(root)
    digest = hashlib.sha256("\n".join(f"{task.trial} {task.attempt}" for task in tasks).encode()).hexdigest()[:12]
    settings = parameters(tasks[0], profile) | {"job_name": f"adasweep-{digest}"}
    command = [profile.wrapper or "", shlex.join([profile.python or python, "-P"])]
    return JobArray(tuple(tasks), root / digest, settings, " ".join(filter(None, command)), profile)


def _groups(tasks: Sequence[Task], limit: int) -> Iterator[list[Task]]:
    """Yield groups of at most `limit` tasks with equal requirements."""
    ordered = sorted(tasks, key=lambda task: (task.resources.model_dump_json(), task.code))
    for _, group in itertools.groupby(ordered, key=lambda task: (task.resources, task.code)):
        members = iter(group)
        while batch := list(itertools.islice(members, limit)):
            yield batch


def job_minutes(resources: Resources, profile: Profile) -> int:
    """Return the time limit of a job in minutes."""
    return min(math.ceil(resources.minutes or profile.minutes), profile.minutes)


def parameters(task: Task, profile: Profile) -> dict[str, Any]:
    """Return the sbatch parameters of an array of tasks like `task`, under submitit's names."""
    resources = task.resources
    gpus = resources.whole_gpus
    wanted: dict[str, Any] = {
        "partition": profile.partition,
        "account": profile.account,
        "qos": profile.qos,
        "constraint": profile.constraint,
        "time": job_minutes(resources, profile),
        "nodes": 1,
        "ntasks_per_node": 1,
        "cpus_per_task": resources.cpus,
        "mem": f"{math.ceil(resources.memory_gib * 1024)}M",
        "gpus_per_node": f"{profile.gpu_type}:{gpus}" if gpus and profile.gpu_type else gpus or None,
        "signal_delay_s": profile.signal_seconds,
        "array_parallelism": profile.throttle,
        "setup": [*_exports(task.code, profile), *_own_setup(profile)],
        "additional_parameters": _flags(profile),
        "srun_args": list(_srun_flags(profile)) or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _exports(code: Path, profile: Profile) -> list[str]:
    """Return the lines that make the job's Python import the packages in `code`, whatever environment it inherits."""
    variables = environment(code=code)
    paths = os.pathsep.join(
        str(moved(Path(part), profile.paths_inside)) for part in variables["PYTHONPATH"].split(os.pathsep)
    )
    lines = [f"export PYTHONPATH={shlex.quote(paths)}", f"export PYTHONUNBUFFERED={variables['PYTHONUNBUFFERED']}"]
    if profile.paths_inside:
        lines.append(f"export {PATHS}={shlex.quote(json.dumps(profile.paths_inside))}")
    return lines


def _own_setup(profile: Profile) -> list[str]:
    """Return the profile's setup commands, any of which ends the job if it fails, and its local folders."""
    lines = [ON_SETUP_ERROR, *profile.setup, "trap - ERR"] if profile.setup else []
    local = {SCRATCH: ("scratch", profile.scratch), STAGE: ("stage", profile.stage and profile.stage.to)}
    for variable, (key, folder) in local.items():
        if folder:
            lines += [f'export {variable}="{folder}"', f': "${{{variable}:?is empty: see {key} in the profile}}"']
    return lines


def _srun_flags(profile: Profile) -> Iterator[str]:
    for flag, value in profile.srun.items():
        if value is not False:
            yield f"--{flag}" if value is True else f"--{flag}={value}"


def _flags(profile: Profile) -> dict[str, Any]:
    reservation = {"reservation": profile.reservation} if profile.reservation else {}
    return {
        "requeue": True,
        **reservation,
        **{flag: value for flag, value in profile.flags.items() if value is not False},
    }


def _require_safe_path(root: Path) -> None:
    bad = sorted(FORBIDDEN_IN_PATHS & set(str(root)))
    if bad:
        named = ", ".join(repr(character) for character in bad)
        raise StoreError(
            repr(str(root)), f"has {named} in its name, which SLURM would interpret", "choose another --store"
        )
