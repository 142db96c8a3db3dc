"""Runs SLURM's commands, unaffected by settings in the user's environment."""

import contextlib
import logging
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from orchestrator.errors import BackendError, SetupError
from trainer.errors import printable

TIMEOUT_SECONDS = 60.0
SILENT_SECONDS = 10.0
"""How long a command may take before this is reported."""

USER_SETTINGS = ("SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_")
"""Prefixes of variables that change what the commands select and print."""

FULL_LISTS = {"SLURM_BITSTR_LEN": "0"}
"""Prints the indices of an array in full."""

UNCERTAIN = ("timed out", "Zero Bytes", "Connection reset", "Broken pipe", "Unexpected message")
"""Messages of sbatch if it does not know whether the controller accepted the job."""

TRANSIENT = (
    "Unable to contact",
    "Connection refused",
    "Connection timed out",
    "No route to host",
    "not connected",
    "connect failure",
    "connection failure",
    "standby",
    "try again",
    "try later",
    "Munge",
    "Protocol authentication error",
)
"""Messages of SLURM if the same command may succeed later."""

NO_ANSWER = re.compile(
    r"slurm_load_\w+ error|slurm_persist_conn|slurm_(receive|send)_\w+|[Pp]roblem talking to the database"
)
"""Messages of a command that got no answer, whatever the reason."""

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
    if result.code or _lacks_answer(result):
        raise BackendError(f"{command[0]}: {error_line(result)}", retryable=True)
    return result.output


def _lacks_answer(result: CommandResult) -> bool:
    """Return whether a command printed nothing because SLURM did not answer; some versions then exit with 0."""
    return not result.output.strip() and (is_transient(result.errors) or bool(NO_ANSWER.search(result.errors)))


def is_transient(message: str) -> bool:
    """Return whether a command that failed with this message may succeed later."""
    return any(phrase in message for phrase in (*UNCERTAIN, *TRANSIENT))


def cluster_option(cluster: str) -> tuple[str, ...]:
    """Return the option that selects a cluster; none for "", the default cluster."""
    return (f"--clusters={cluster}",) if cluster else ()


def call(command: Sequence[str], environment: Mapping[str, str], seconds: float = TIMEOUT_SECONDS) -> CommandResult:
    """Run a command. Raises SetupError if it cannot be run, NoReply if it takes too long.

    If it takes long, this is reported once on standard error.
    """
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(environment)
        )
    except OSError as error:
        way_out = "run adasweep on a login node of the cluster"
        raise SetupError(command[0], f"cannot be run: {error.strerror}", way_out) from None
    with _ended(process):
        output, errors = _replied(process, command[0], seconds)
    return CommandResult(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process that still runs at the end, without waiting for its children."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _replied(process: subprocess.Popen[bytes], name: str, seconds: float) -> tuple[bytes, bytes]:
    """Return the output and the errors of a process. Raises NoReply."""
    soon = min(SILENT_SECONDS, seconds)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=soon)
    rest = seconds - soon
    if rest:
        logging.getLogger(__name__).warning(
            "%s: no reply for %g s, waiting up to %g s more; see whether SLURM is up: scontrol ping; "
            "or stop with Ctrl+C and run the same command again later",
            *(name, soon, rest),
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=rest)
    raise NoReply(f"{name}: no reply in {seconds:g} s", retryable=True)


def error_line(result: CommandResult) -> str:
    """Return the error message of a failed command as one line, without SLURM's prefixes and repetitions."""
    lines = [line.strip() for line in (result.errors.strip() or result.output).splitlines()]
    messages = (re.sub("^(s[a-z]+: )?(error: )?", "", line) for line in lines if line)
    text = "; ".join(dict.fromkeys(messages))[-500:] or f"exit code {result.code} without output"
    return printable(text)
