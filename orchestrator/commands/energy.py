"""adasweep energy: what sweeps took, after asking the cluster's accounting what it knows."""

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
    """Import the energy that SLURM metered, then run the analysis command of this name."""
    place = Store(store)
    if not {"-h", "--help"} & set(context.args):
        _take_over(place)
    return delegate.execute("analysis", ["energy", *context.args], place)


def _take_over(store: Store) -> None:
    """Write what the cluster's accounting knows into the store; say so where it does not answer."""
    try:
        account(store, chosen_profile(store.root))
    except BackendError as error:
        progress_console().print(f"{error}; energy that SLURM metered may be missing", markup=False)
