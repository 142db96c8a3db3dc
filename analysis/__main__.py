"""python -m analysis: tables, figures and verdicts of a store."""

import os
import sys
from collections.abc import Sequence

from analysis.commands import COMMANDS, FORMER
from analysis.errors import explained
from trainer.command_line.group import program
from trainer.command_line.program import CommandFailure, run_program
from trainer.errors import ExitCode

app = program("Tables, figures, verdicts and reports from a store.", COMMANDS)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    name = os.environ.get("ADASWEEP_PROGRAM", "python -m analysis")
    return run_program(app, sys.argv[1:] if words is None else words, name, _explain, FORMER)


def _explain(error: Exception) -> CommandFailure | None:
    told = explained(error)
    return CommandFailure(ExitCode.USER_ERROR, told) if told else None


if __name__ == "__main__":
    sys.exit(main())
