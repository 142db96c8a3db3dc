"""The commands run on a copy of the recorded store, whose output must not change."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

SWEEPS = (
    *("real", "measured", "endings", "retried", "evaluated", "cancelled", "killed", "interrupted", "stopped", "found"),
    *("queued", "slurm", "ray", "new"),
)
RUN = (*(name for name in SWEEPS if name != "new"), "real-short")


RENAMED: Mapping[str, str] = {"figures --which": "figures trace", "figures --verify": "figures verify"}
"""From the start of a command at the recorded commit to its current form."""


def current_form(words: Sequence[str]) -> list[str]:
    """Return the current form of a command of the recorded commit."""
    line = " ".join(words)
    begun = next((old for old in RENAMED if line.startswith(old)), "")
    return [*RENAMED.get(begun, "").split(), *line.removeprefix(begun).split()]


class Recorded(Protocol):
    """A copy of the recording, as far as `recorded_commands` needs it."""

    @property
    def store(self) -> Path: ...


def recorded_commands(copy: Recorded) -> list[Sequence[str]]:
    """Return the commands in order; those that change the copy come last."""
    trials = sorted(path.name for path in copy.store.glob("trials/??/*"))
    sweeps = [f"sweeps/{name}.yaml" for name in SWEEPS]
    return [
        ("status", "--json"),
        *(("why", trial, "--json") for trial in trials),
        *(("logs", trial, "--json") for trial in trials),
        *(("plan", sweep, "--json") for sweep in sweeps),
        *(("plan", sweep, "--diff", "--json") for sweep in sweeps),
        ("plan", "sweeps/real.yaml", "--tier", "short", "--json"),
        ("plan", "sweeps/real.yaml", "--tier", "measured", "--json"),
        ("plan", "sweeps/real.yaml", "--horizon-kimg", "0.128", "--json"),
        ("plan", "sweeps/found.yaml", "--horizon-kimg", "2", "--json"),
        ("collect", "--json"),
        *(("table", name, "--json") for name in RUN),
        ("claims", "real", "--json"),
        ("figures", "--which", "store/figures/real/fid_curves.png", "--json"),
        ("figures", "--verify", "--json"),
        ("energy", "--json"),
        ("record", "--json"),
    ]
