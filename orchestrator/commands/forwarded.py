"""Commands of the trainer and of analysis: all arguments, including --help, are forwarded unchanged."""

import typer

from orchestrator.commands import delegate
from orchestrator.store.layout import Store
from trainer.command_line.group import new_app
from trainer.command_line.options import DEFAULT_STORE, StoreOption

ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that accepts any arguments."""

PACKAGES = {
    "data": "trainer",
    "ops": "trainer",
    "collect": "analysis",
    "figures": "analysis",
    "table": "analysis",
    "claims": "analysis",
    "report": "analysis",
    "dashboard": "analysis",
}
"""The package that runs each command."""

app = new_app()


@app.command(context_settings=ANY_ARGUMENTS)
def forward(context: typer.Context, store: StoreOption = DEFAULT_STORE) -> int:
    """Run a command of another package."""
    name = str(context.info_name)
    return delegate.execute(PACKAGES[name], [name, *context.args], Store(store))
