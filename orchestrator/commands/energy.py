"""adasweep energy: the energy of sweeps, including readings of the cluster's accounting."""

import typer

from orchestrator.backends.slurm.accounting import account
from orchestrator.backends.slurm.profile import chosen_profile
from orchestrator.commands import delegate
from orchestrator.commands.forwarded import ANY_ARGUMENTS
from orchestrator.display.output import progress_console
from orchestrator.errors import BackendError
from orchestrator.store.layout import Store
from trainer.command_line.group import new_app
from trainer.command_line.options import DEFAULT_STORE, StoreOption

app = new_app()


@app.command(context_settings=ANY_ARGUMENTS)
def energy(context: typer.Context, store: StoreOption = DEFAULT_STORE) -> int:
    """Import energy readings from SLURM, then run the analysis command of this name."""
    place = Store(store)
    if not {"-h", "--help"} & set(context.args):
        _import_readings(place)
    return delegate.execute("analysis", ["energy", *context.args], place)


def _import_readings(store: Store) -> None:
    """Import the readings of SLURM's accounting into the store; report it if SLURM does not respond."""
    try:
        account(store, chosen_profile(store.root))
    except BackendError as error:
        progress_console().print(f"{error}; energy readings of SLURM may be missing", markup=False)
