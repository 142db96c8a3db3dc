"""adasweep energy: what sweeps took, after asking the cluster's accounting what it knows."""

from orchestrator.backends.slurm.accounting import account
from orchestrator.backends.slurm.profile import chosen_profile
from orchestrator.commands import delegate
from orchestrator.display.output import news
from orchestrator.errors import BackendError
from orchestrator.store.layout import Store


def execute(words: list[str], store: Store) -> int:
    """Take over what SLURM has metered, and pass the command on. A cluster that does not answer is told of."""
    try:
        account(store, chosen_profile(store.root))
    except BackendError as error:
        news().print(f"{error}; what SLURM has metered is left out where it is not known yet", markup=False)
    return delegate.execute("analysis", ["energy", *words], store)
