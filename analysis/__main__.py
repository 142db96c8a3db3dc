"""python -m analysis: tables, figures and verdicts of a store."""

import os
import sys
from collections.abc import Sequence

from analysis.commands import COMMANDS, FORMER
from analysis.errors import FULL, UNWRITABLE, AnalysisError
from trainer.command_line.group import program
from trainer.command_line.program import CommandFailure, run_program
from trainer.errors import ExitCode

app = program("Tables, figures, verdicts and reports from a store.", COMMANDS)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    name = os.environ.get("ADASWEEP_PROGRAM", "python -m analysis")
    return run_program(app, sys.argv[1:] if words is None else words, name, _explain, FORMER)


def _explain(error: Exception) -> CommandFailure | None:
    if isinstance(error, AnalysisError):
        return CommandFailure(ExitCode.USER_ERROR, str(error))
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        reason = (error.strerror or str(error)).lower()
        problem = f"{error.filename}: {reason}" if error.filename else reason
        way_out = "free space" if error.errno in FULL else "check its permissions"
        return CommandFailure(ExitCode.USER_ERROR, f"{problem}; {way_out}")
    return None


if __name__ == "__main__":
    sys.exit(main())
