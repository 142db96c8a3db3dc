"""Flags of sbatch and srun that a profile may add, and those that would contradict what a job needs."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

TextLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)]
"""One line of text; it is quoted wherever it goes."""

Flags = dict[str, TextLine | int | bool]
"""Long flags without their dashes, with their values; `true` for those without a value."""

NO_VALUE = "is neither text, a whole number, nor true or false"
ITSELF = "is set by adasweep itself"
ONE_NODE = "a job is one task on one node; write gpus and cpus into the resources of the sweep"
MEMORY = "write memory_gib into the resources of the sweep"
GPUS = "write gpus into the resources of the sweep, and gpu_type into the profile"
KEY = "is a key of its own in the profile"

REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("array", "output", "error", "signal", "requeue", "no-requeue", "job-name", "open-mode", "export"), ITSELF
    ),
    **dict.fromkeys(("nodes", "ntasks", "use-min-nodes", "spread-job", "distribution"), ONE_NODE),
    **{f"ntasks-per-{unit}": ONE_NODE for unit in ("node", "core", "socket", "gpu")},
    **{f"{unit}-per-{other}": ONE_NODE for unit, other in (("sockets", "node"), ("cores", "socket"))},
    "time": "write minutes into the profile, or into the resources of the sweep",
    "time-min": "jobs would be shorter than the minutes of the profile",
    **dict.fromkeys(("mem", "mem-per-cpu", "mem-per-gpu"), MEMORY),
    **dict.fromkeys(("cpus-per-task", "cpus-per-gpu"), "write cpus into the resources of the sweep"),
    **dict.fromkeys(("gres", "gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"), GPUS),
    **dict.fromkeys(("tres-per-task", "tres-per-job", "tres-per-node", "tres-per-socket"), GPUS),
    **dict.fromkeys(("partition", "account", "qos", "constraint", "reservation"), KEY),
    **dict.fromkeys(("quiet", "parsable"), "adasweep reads the number of the job from what sbatch says"),
    **dict.fromkeys(
        ("wait", "test-only", "help", "usage", "version", "wrap"), "nothing would be submitted as it should"
    ),
    "no-kill": "a job that has lost its node would go on waiting for it",
    "hold": "no job would ever start",
    "dependency": "a job that is requeued would wait for it again",
}
"""Flags of sbatch that would contradict what a job needs, and what to write instead."""

REFUSED_OF_SRUN: Mapping[str, str] = {
    **REFUSED,
    **dict.fromkeys(("unbuffered", "input", "label", "pty", "multi-prog", "jobid", "kill-on-bad-exit"), ITSELF),
}
"""The same for srun, which starts the one task of a job."""


def contradictions(flags: Mapping[str, object], refused: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each flag that cannot be, and why. Like sbatch, this knows a flag by its first letters."""
    for flag, value in flags.items():
        if why := _wrong(flag, refused) or ("" if isinstance(value, str | int) else NO_VALUE):
            yield flag, why


def _wrong(flag: object, refused: Mapping[str, str]) -> str:
    if not isinstance(flag, str):
        return "is no flag"
    if not flag.isascii() or not flag.replace("-", "").isalnum() or flag != flag.lower() or flag.startswith("-"):
        plain = flag.strip("-").replace("_", "-").lower()
        return f"is no long flag; write {plain}" if plain.replace("-", "").isalnum() else "is no flag"
    if flag in refused:
        return refused[flag]
    long = next((name for name in refused if name.startswith(flag)), "")
    return f"is short for {long}: {refused[long]}" if long else ""
