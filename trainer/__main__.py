"""python -m trainer: the worker, usable alone."""

import argparse
import importlib
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

from trainer.commands import COMMANDS
from trainer.errors import ExitCode, UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 user error, 75 preempted (run me again)."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = words[0] if words and words[0] in COMMANDS else None
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name, help=command.help, description=command.help, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            importlib.import_module(command.module).configure(sub)
    try:
        parsed = parser.parse_args(words)
        return int(importlib.import_module(COMMANDS[parsed.command].module).execute(parsed))
    except UserError as error:
        sys.stderr.write(f"adasweep: {error}\n")
        return ExitCode.USER_ERROR
    except OSError as error:
        return _told(error)


def _told(error: OSError) -> int:
    """Return 2 after one line for a full disk, a missing right and the like; anything else is a bug."""
    from trainer.runtime.failures import WAYS_OUT, unwritable

    if error.errno not in WAYS_OUT:
        raise error
    sys.stderr.write(f"adasweep: {unwritable(error)}\n")
    return ExitCode.USER_ERROR


if __name__ == "__main__":
    sys.exit(main())
