"""Runs SLURM's commands, so that no setting of the user's shell changes what they do or print."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from orchestrator.errors import BackendError, SetupError
from trainer.errors import printable

TIMEOUT_SECONDS = 60.0
HABITS = ("SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_")
"""Variables that change what the commands select, ask and print."""

WHOLE_LISTS = {"SLURM_BITSTR_LEN": "0"}
"""Lets the indices of an array be told in full length."""

RunCommand = Callable[[Sequence[str]], str]
"""Runs a command and returns what it prints. Raises BackendError; SetupError where there is no such command."""


class CommandResult(NamedTuple):
    """What a command said and how it ended."""

    code: int
    output: str
    errors: str


class NoReply(BackendError):
    """A command did not end in time: nobody knows what came of it."""


def run_slurm_command(command: Sequence[str]) -> str:
    """Run one of SLURM's commands and return what it prints."""
    habits = [name for name in os.environ if name.startswith(HABITS)]
    told = call(command, {name: value for name, value in os.environ.items() if name not in habits} | WHOLE_LISTS)
    if told.code:
        raise BackendError(f"{command[0]}: {error_line(told)}", retryable=True)
    return told.output


def cluster_option(cluster: str) -> tuple[str, ...]:
    """Return what has a command ask this cluster; "": the one that it asks by itself."""
    return (f"--clusters={cluster}",) if cluster else ()


def call(command: Sequence[str], environment: Mapping[str, str], seconds: float = TIMEOUT_SECONDS) -> CommandResult:
    """Run a command. Raises SetupError where it cannot be run, NoAnswer where it takes too long."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoReply(f"{command[0]}: no answer in {seconds:g} s", retryable=True) from None
    except OSError as error:
        way_out = "start adasweep where SLURM's commands are: on a login node"
        raise SetupError(command[0], f"cannot be run: {error.strerror}", way_out) from None
    return CommandResult(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def error_line(told: CommandResult) -> str:
    """Return what a failed command said, without the prefixes of SLURM, every line once."""
    lines = [line.strip() for line in (told.errors.strip() or told.output).splitlines()]
    said = (re.sub("^(s[a-z]+: )?(error: )?", "", line) for line in lines if line)
    text = "; ".join(dict.fromkeys(said))[-500:] or f"exit code {told.code} without output"
    return printable(text)
