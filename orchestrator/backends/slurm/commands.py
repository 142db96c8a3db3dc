"""Runs SLURM's commands, unaffected by settings in the user's environment."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from orchestrator.errors import BackendError, SetupError
from trainer.errors import printable

TIMEOUT_SECONDS = 60.0
USER_SETTINGS = ("SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_")
"""Prefixes of variables that change what the commands select and print."""

FULL_LISTS = {"SLURM_BITSTR_LEN": "0"}
"""Prints the indices of an array in full."""

RunCommand = Callable[[Sequence[str]], str]
"""Runs a command and returns its output. Raises BackendError; SetupError if the command does not exist."""


class CommandResult(NamedTuple):
    """The output and exit code of a command."""

    code: int
    output: str
    errors: str


class NoReply(BackendError):
    """A command did not end in time: its effect is unknown."""


def run_slurm_command(command: Sequence[str]) -> str:
    """Run one of SLURM's commands and return its output."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(USER_SETTINGS)}
    result = call(command, settings | FULL_LISTS)
    if result.code:
        raise BackendError(f"{command[0]}: {error_line(result)}", retryable=True)
    return result.output


def cluster_option(cluster: str) -> tuple[str, ...]:
    """Return the option that selects a cluster; none for "", the default cluster."""
    return (f"--clusters={cluster}",) if cluster else ()


def call(command: Sequence[str], environment: Mapping[str, str], seconds: float = TIMEOUT_SECONDS) -> CommandResult:
    """Run a command. Raises SetupError if it cannot be run, NoReply if it takes too long."""
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
        raise NoReply(f"{command[0]}: no reply in {seconds:g} s", retryable=True) from None
    except OSError as error:
        way_out = "run adasweep on a login node of the cluster"
        raise SetupError(command[0], f"cannot be run: {error.strerror}", way_out) from None
    return CommandResult(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def error_line(result: CommandResult) -> str:
    """Return the error message of a failed command as one line, without SLURM's prefixes and repetitions."""
    lines = [line.strip() for line in (result.errors.strip() or result.output).splitlines()]
    messages = (re.sub("^(s[a-z]+: )?(error: )?", "", line) for line in lines if line)
    text = "; ".join(dict.fromkeys(messages))[-500:] or f"exit code {result.code} without output"
    return printable(text)
