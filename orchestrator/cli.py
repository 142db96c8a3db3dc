"""adasweep: the command line. Each command is a file in orchestrator/commands, imported when it is called."""

import sys
from collections.abc import Sequence

from orchestrator.doctor.own_packages import require_own_packages
from orchestrator.errors import BackendError
from trainer.command_line.group import Entry, program
from trainer.command_line.program import Ending, run_program
from trainer.errors import ExitCode

RUN, LOOK, ANALYSE, KEEP, DATA = "Run", "Look", "Record and analyse", "Keep and share", "Data"
MACHINE = "Machine"
PASSED_ON = "orchestrator.commands.passed_on"

COMMANDS = (
    Entry("plan", "orchestrator.commands.plan", "Show what a sweep would run, why, and what it would cost.", RUN),
    Entry("run", "orchestrator.commands.run", "Run what a sweep still needs, and watch it.", RUN),
    Entry("extend", "orchestrator.commands.extend", "Train every trial of a sweep to a longer horizon.", RUN),
    Entry("metrics", "orchestrator.commands.metrics", "Measure the snapshots of a sweep, without training.", RUN),
    Entry("cancel", "orchestrator.commands.cancel", "Stop a sweep or a trial for good.", RUN),
    Entry("retry", "orchestrator.commands.retry", "Let failed and cancelled trials run again.", RUN),
    Entry("demo", "orchestrator.commands.demo", "Train a small sweep on this machine and draw its figures.", RUN),
    Entry("status", "orchestrator.commands.status", "Show how each trial is getting on, and what is wrong.", LOOK),
    Entry("watch", "orchestrator.commands.watch", "Follow a sweep until nothing waits or runs.", LOOK),
    Entry("why", "orchestrator.commands.why", "Tell the story of a trial, and what would happen to it next.", LOOK),
    Entry("logs", "orchestrator.commands.logs", "Show the end of what a trial's worker printed.", LOOK),
    Entry("record", "orchestrator.commands.record", "Bring MLflow up to date with the store.", ANALYSE),
    Entry("collect", PASSED_ON, "Gather the results of all trials into tables.", ANALYSE),
    Entry("figures", PASSED_ON, "Draw the figures of a sweep, trace one to its runs, verify them.", ANALYSE),
    Entry("table", PASSED_ON, "Print the results of a sweep, one row per cell.", ANALYSE),
    Entry("claims", PASSED_ON, "Test the claims of a sweep against its results.", ANALYSE),
    Entry("energy", "orchestrator.commands.energy", "Say what sweeps took: kWh, CO2, GPU-years.", ANALYSE),
    Entry("report", PASSED_ON, "Write a report of sweeps as one page.", ANALYSE),
    Entry("pack", "orchestrator.commands.pack", "Write what a sweep recorded into one file.", KEEP),
    Entry("unpack", "orchestrator.commands.unpack", "Merge what a pack holds into the store.", KEEP),
    Entry("store", "orchestrator.commands.store", "Look after a store: list, disk, prune, merge.", KEEP),
    Entry("data", PASSED_ON, "Get, prepare, verify, describe and list data sets.", DATA),
    Entry("doctor", "orchestrator.commands.doctor", "Check this machine and the installation.", MACHINE),
    Entry("ops", PASSED_ON, "Build the compiled operations, or say what is missing.", MACHINE),
    Entry("schema", "orchestrator.commands.schema", "Print the JSON schema of sweep files, for editors.", MACHINE),
)

ABOUT = "Sweeps of GANs trained on limited data: planned, priced, run, recorded, plotted."

app = program(ABOUT, COMMANDS, check=require_own_packages)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, an ExitCode."""
    return run_program(app, sys.argv[1:] if words is None else words, "adasweep", _explain)


def _explain(error: Exception) -> Ending | None:
    if isinstance(error, BackendError):
        return Ending(ExitCode.RUN_AGAIN if error.retryable else ExitCode.USER_ERROR, str(error))
    return None


if __name__ == "__main__":
    sys.exit(main())
