"""adasweep: the command line. Each command is a file in orchestrator/commands, imported when it is called."""

import sys
from collections.abc import Sequence

from orchestrator.doctor.own_packages import require_own_packages
from orchestrator.errors import BackendError
from trainer.command_line.group import Command, program
from trainer.command_line.program import CommandFailure, run_program
from trainer.errors import NO_PLACE, NO_ROOM, READ_ONLY, ExitCode

RUN, INSPECT, ANALYSE, STORE, DATA = "Run", "Inspect", "Record and analyse", "Store and share", "Data"
MACHINE = "Machine"
FORWARDED = "orchestrator.commands.forwarded"

COMMANDS = (
    Command("plan", "orchestrator.commands.plan", "Show what a sweep would run, why, and what it would cost.", RUN),
    Command("init", "orchestrator.commands.init", "Write a first sweep for your own images.", RUN),
    Command("run", "orchestrator.commands.run", "Run what a sweep still needs, and watch it.", RUN),
    Command("extend", "orchestrator.commands.extend", "Train every trial of a sweep to a longer horizon.", RUN),
    Command("metrics", "orchestrator.commands.metrics", "Measure the snapshots of a sweep, without training.", RUN),
    Command("cancel", "orchestrator.commands.cancel", "Stop a sweep or a trial for good.", RUN),
    Command("retry", "orchestrator.commands.retry", "Let failed and cancelled trials run again.", RUN),
    Command("demo", "orchestrator.commands.demo", "Train a small sweep on this machine and draw its figures.", RUN),
    Command("sweeps", "orchestrator.commands.sweeps", "List the sweeps that come with adasweep, or copy one.", INSPECT),
    Command("status", "orchestrator.commands.status", "Show the progress and the problems of each trial.", INSPECT),
    Command(
        "watch",
        "orchestrator.commands.watch",
        "Follow a sweep until it is over, or at rest for a minute.",
        INSPECT,
    ),
    Command("dashboard", FORWARDED, "Browse sweeps in a browser, live or as static pages.", INSPECT),
    Command("why", "orchestrator.commands.why", "Explain the state of a trial, and what would happen next.", INSPECT),
    Command("logs", "orchestrator.commands.logs", "Show the last lines of a trial's worker output.", INSPECT),
    Command("record", "orchestrator.commands.record", "Update MLflow from the store.", ANALYSE),
    Command("collect", FORWARDED, "Collect the results of all trials into tables.", ANALYSE),
    Command("figures", FORWARDED, "Draw, trace and verify the figures of a sweep.", ANALYSE),
    Command("table", FORWARDED, "Print the results of a sweep, one row per cell.", ANALYSE),
    Command("claims", FORWARDED, "Test the claims of a sweep against its results.", ANALYSE),
    Command("energy", "orchestrator.commands.energy", "Show the energy of sweeps: kWh, CO2, GPU-years.", ANALYSE),
    Command("report", FORWARDED, "Write a report of sweeps as one page.", ANALYSE),
    Command("pack", "orchestrator.commands.pack", "Pack the results of a sweep into one file.", STORE),
    Command("unpack", "orchestrator.commands.unpack", "Merge a pack into the store.", STORE),
    Command("store", "orchestrator.commands.store", "Maintain a store: list, disk, prune, merge.", STORE),
    Command("data", FORWARDED, "Get, prepare, verify, describe and list data sets.", DATA),
    Command("doctor", "orchestrator.commands.doctor", "Check this machine and the installation.", MACHINE),
    Command("ops", FORWARDED, "Build the compiled operations, or show their status.", MACHINE),
    Command("schema", "orchestrator.commands.schema", "Print the JSON schema of sweep files, for editors.", MACHINE),
)

ABOUT = "Sweeps of GANs trained on limited data: planned, priced, run, recorded, plotted."


def _version() -> str:
    """Return the version, the commit, and the operations of this installation."""
    from orchestrator.doctor.version import version_text

    return version_text()


app = program(ABOUT, COMMANDS, check=require_own_packages, version=_version)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    return run_program(app, sys.argv[1:] if arguments is None else arguments, "adasweep", _explain)


def _explain(error: Exception) -> CommandFailure | None:
    if isinstance(error, BackendError):
        return CommandFailure(ExitCode.RUN_AGAIN if error.retryable else ExitCode.USER_ERROR, str(error))
    if isinstance(error, OSError) and (told := _about_place(error)):
        return CommandFailure(ExitCode.USER_ERROR, told)
    return None


def _about_place(error: OSError) -> str:
    """Return what is wrong with a place without room, without permission or that leads nowhere; "" if it is a bug."""
    place, number = error.filename2 or error.filename or "output", error.errno or 0
    if number in NO_ROOM:
        return f"{place}: {(error.strerror or str(error)).lower()}; {NO_ROOM[number]}, then repeat the command"
    if number in READ_ONLY and error.filename:
        return f"{place}: {(error.strerror or str(error)).lower()}; check its permissions"
    return f"{place}: {NO_PLACE[number]}; move it away, or choose another place" if number in NO_PLACE else ""


if __name__ == "__main__":
    sys.exit(main())
