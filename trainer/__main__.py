"""python -m trainer: the worker, usable alone."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> int:
    """Run the command line and return the exit code: 0 done, 2 user error, 75 preempted (run me again)."""
    from trainer.errors import UserError

    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train one attempt of a trial")
    run.add_argument("--dir", type=Path, required=True, help="the trial's directory, with trial.json")
    run.add_argument("--attempt", type=int, required=True, help="the number of the attempt, with its job.json")
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except UserError as error:
        sys.stderr.write(f"adasweep: {error}\n")
        return 2


def _run(arguments: argparse.Namespace) -> int:
    from trainer.run import read_attempt, run_attempt
    from trainer.signals import StopRequest

    stop = StopRequest()
    stop.listen()
    return run_attempt(read_attempt(arguments.dir, arguments.attempt), stop)


if __name__ == "__main__":
    sys.exit(main())
