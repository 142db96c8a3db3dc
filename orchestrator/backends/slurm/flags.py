"""Flags of sbatch and srun that a profile may add, and those it may not."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

TextLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)]
"""One line of text; it is quoted wherever it is used."""

Flags = dict[str, TextLine | int | bool]
"""Long flags without dashes, with their values; `true` for flags without a value."""

NO_VALUE = "is neither text, a whole number, nor true or false"
ITSELF = "is set by adasweep"
ONE_NODE = "a job is one task on one node; set gpus and cpus in the resources of the sweep"
MEMORY = "set memory_gib in the resources of the sweep"
GPUS = "set gpus in the resources of the sweep, and gpu_type in the profile"
KEY = "has its own key in the profile"

REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("array", "output", "error", "signal", "requeue", "no-requeue", "job-name", "open-mode", "export"), ITSELF
    ),
    **dict.fromkeys(("nodes", "ntasks", "use-min-nodes", "spread-job", "distribution"), ONE_NODE),
    **{f"ntasks-per-{unit}": ONE_NODE for unit in ("node", "core", "socket", "gpu")},
    **{f"{unit}-per-{other}": ONE_NODE for unit, other in (("sockets", "node"), ("cores", "socket"))},
    "time": "set minutes in the profile, or in the resources of the sweep",
    "time-min": "jobs would be shorter than the minutes of the profile",
    **dict.fromkeys(("mem", "mem-per-cpu", "mem-per-gpu"), MEMORY),
    **dict.fromkeys(("cpus-per-task", "cpus-per-gpu"), "set cpus in the resources of the sweep"),
    **dict.fromkeys(("gres", "gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"), GPUS),
    **dict.fromkeys(("tres-per-task", "tres-per-job", "tres-per-node", "tres-per-socket"), GPUS),
    **dict.fromkeys(("partition", "account", "qos", "constraint", "reservation"), KEY),
    **dict.fromkeys(("quiet", "parsable"), "adasweep reads the job number from sbatch's output"),
    **dict.fromkeys(("wait", "test-only", "help", "usage", "version", "wrap"), "no job would be submitted correctly"),
    "no-kill": "a job that has lost its node would keep waiting for it",
    "hold": "no job would start",
    "dependency": "a requeued job would wait for it again",
}
"""Flags of sbatch that a profile may not add: the reason, or what to use instead."""

REFUSED_OF_SRUN: Mapping[str, str] = {
    **REFUSED,
    **dict.fromkeys(("unbuffered", "input", "label", "pty", "multi-prog", "jobid", "kill-on-bad-exit"), ITSELF),
}
"""The same for srun, which starts the one task of a job."""


def contradictions(flags: Mapping[str, object], refused: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield refused flags with the reason. Like sbatch, this recognises abbreviations."""
    for flag, value in flags.items():
        if why := _wrong(flag, refused) or ("" if isinstance(value, str | int) else NO_VALUE):
            yield flag, why


def _wrong(flag: object, refused: Mapping[str, str]) -> str:
    if not isinstance(flag, str):
        return "is not a flag"
    if not flag.isascii() or not flag.replace("-", "").isalnum() or flag != flag.lower() or flag.startswith("-"):
        plain = flag.strip("-").replace("_", "-").lower()
        return f"is not a long flag; write {plain}" if plain.replace("-", "").isalnum() else "is not a flag"
    if flag in refused:
        return refused[flag]
    long = next((name for name in refused if name.startswith(flag)), "")
    return f"is short for {long}: {refused[long]}" if long else ""
