"""Commands that belong to another room: passed on as they are, with their names and a line of help of their own."""

from collections.abc import Callable
from typing import NamedTuple

import typer

from orchestrator.commands.options import DEFAULT_STORE, StoreOption, command, finish
from orchestrator.store.layout import Store

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""How the words of such a command are taken: all of them, also --help."""


class PassedOn(NamedTuple):
    """A command of another room, what it does, and an example of its words."""

    package: str
    name: str
    help: str
    example: str


COMMANDS = (
    PassedOn("trainer", "data", "Get, convert and describe data sets", "get fashion-mnist-10k"),
    PassedOn("analysis", "collect", "Gather the results of trials into tables", ""),
    PassedOn(
        "analysis", "figures", "Draw the figures of a sweep, list the runs behind one, compare with the runs", "demo"
    ),
    PassedOn("analysis", "table", "Print the results of a sweep as a table", "demo"),
    PassedOn("analysis", "claims", "Test the claims of a sweep against its results", "demo"),
    PassedOn("trainer", "ops", "Build the compiled operations ahead of time, or say what is missing", "build"),
    PassedOn("analysis", "report", "Write a report of sweeps: question, cells, figures, claims, energy", "demo --pdf"),
)


def add_passed_on(app: typer.Typer) -> None:
    """Give the command line all COMMANDS."""
    for entry in COMMANDS:
        epilog = f"Example: adasweep {entry.name} {entry.example}".rstrip()
        app.command(entry.name, context_settings=PASSED_ON, epilog=epilog)(_callback(entry))


def _callback(entry: PassedOn) -> Callable[..., None]:
    def passed_on(context: typer.Context, store: StoreOption = DEFAULT_STORE) -> None:
        finish(command("delegate")(entry.package, [entry.name, *context.args], Store(store)))

    passed_on.__doc__ = f"{entry.help} (python -m {entry.package} {entry.name})."
    return passed_on
