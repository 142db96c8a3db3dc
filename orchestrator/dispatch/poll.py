"""Asks each backend once for the states of all attempts that may still be active."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from orchestrator.backends.base import Backend
from orchestrator.backends.registry import BACKENDS, open_backend
from orchestrator.errors import BackendError
from orchestrator.store.attempt_state import FINAL, RUN_AGAIN
from orchestrator.store.handle import Handle, read_handle
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
from trainer.errors import UserError
from trainer.record import State, read_record


def open_handles(store: Store, trials: Iterable[str]) -> list[Handle]:
    """Return the newest handle of each trial whose last record does not say how it ended, or may be continued.

    An attempt without a handle is one that its cluster began by itself, running the job of an earlier one again.
    """
    existing, handles = set(store.ids()), []
    for trial in trials:
        if trial not in existing or not (attempts := store.run(trial).attempts()):
            continue
        run = store.run(trial)
        record = read_record(run.record(attempts[-1]))
        if record and record.state in FINAL - RUN_AGAIN:
            continue
        handle = next((found for number in reversed(attempts) if (found := read_handle(run.attempt(number)))), None)
        if handle:
            handles.append(handle)
    return handles


def reported(
    store: Store, handles: Iterable[Handle], known: Iterable[Backend] = (), silent: list[str] | None = None
) -> dict[str, State]:
    """Return the state of each handle's trial as its backend reports it; backends in `known` are not opened anew.

    What a backend had that this version does not know is lost. One that cannot be asked is told in `silent`, where that
    is given, and what it had is taken to wait there still; else it raises BackendError or UserError.
    """
    backends = {backend.name: backend for backend in known}
    by_backend: dict[str, list[Handle]] = defaultdict(list)
    for handle in handles:
        by_backend[handle.backend].append(handle)
    states, told = dict[str, State](), silent if silent is not None else []
    for name, group in by_backend.items():
        if name not in backends.keys() | BACKENDS.keys():
            states |= {handle.trial: State.LOST for handle in group}
            told.append(f"no backend is called {name!r}; what was submitted there is taken for lost")
            continue
        try:
            backend = backends.get(name) or open_backend(name, store)
            states |= {handle.trial: state for handle, state in backend.states(group).items()}
        except (BackendError, UserError) as error:
            if silent is None:
                raise
            told.append(f"{name} cannot be asked; what was submitted there is taken to wait still ({error})")
            states |= {handle.trial: State.PENDING for handle in group}
    return states


def seen_of(store: Store, trials: Collection[str], silent: list[str] | None = None) -> dict[str, Observed]:
    """Return what the store and the backends show of trials now; `silent` as in `reported`."""
    return observe(store, trials, reported(store, open_handles(store, trials), silent=silent))
