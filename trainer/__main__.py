"""python -m trainer: the worker, usable on its own."""

import os
import sys
from collections.abc import Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")

from trainer.command_line.group import program
from trainer.command_line.program import CommandFailure, run_program
from trainer.commands import COMMANDS, FORMER
from trainer.errors import NO_PLACE, ExitCode, OutputError

app = program("Train a GAN, evaluate it, and generate images with it.", COMMANDS)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    name = os.environ.get("ADASWEEP_PROGRAM", "python -m trainer")
    return run_program(app, sys.argv[1:] if words is None else words, name, _explain, FORMER)


def _explain(error: Exception) -> CommandFailure | None:
    """Return a user error for OSErrors such as a full disk or something in the way, None for anything else."""
    if not isinstance(error, OSError):
        return None
    from trainer.runtime.failures import WAYS_OUT, unwritable

    if error.errno in NO_PLACE:
        place = error.filename2 or error.filename or "output"
        misplaced = OutputError(place, NO_PLACE[error.errno or 0], "move it away, or choose another place")
        return CommandFailure(ExitCode.USER_ERROR, str(misplaced))
    return CommandFailure(ExitCode.USER_ERROR, str(unwritable(error))) if error.errno in WAYS_OUT else None


if __name__ == "__main__":
    sys.exit(main())
