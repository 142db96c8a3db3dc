"""Polls each backend once for the states of all attempts that may be active."""

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


def open_handles(store: Store, trials: Collection[str]) -> list[Handle]:
    """Return the newest handle of each trial whose last attempt has not ended, or may be requeued.

    An attempt without a handle was started by its cluster, by requeueing the job of an earlier one.
    """
    existing, handles = store.existing(trials), []
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


def reported_states(
    store: Store, handles: Iterable[Handle], known: Iterable[Backend] = (), outages: list[str] | None = None
) -> dict[str, State]:
    """Return the state of each handle's trial as reported by its backend; backends in `known` are reused.

    Trials of an unknown backend are lost. If `outages` is given, backends that cannot be queried are added to it, and
    their trials count as queued; otherwise BackendError or UserError is raised.
    """
    backends = {backend.name: backend for backend in known}
    by_backend: dict[str, list[Handle]] = defaultdict(list)
    for handle in handles:
        by_backend[handle.backend].append(handle)
    states, problems = dict[str, State](), outages if outages is not None else []
    for name, group in by_backend.items():
        if name not in backends.keys() | BACKENDS.keys():
            states |= {handle.trial: State.LOST for handle in group}
            problems.append(f"no backend is called {name!r}; trials submitted there count as lost")
            continue
        try:
            backend = backends.get(name) or open_backend(name, store)
            states |= {handle.trial: state for handle, state in backend.states(group).items()}
        except (BackendError, UserError) as error:
            if outages is None:
                raise
            problems.append(f"{name} cannot be queried; trials submitted there are shown as pending ({error})")
            states |= {handle.trial: State.PENDING for handle in group}
    return states


def observe_now(store: Store, trials: Collection[str], outages: list[str] | None = None) -> dict[str, Observed]:
    """Return the current state of trials, from the store and the backends; `outages` as in `reported_states`."""
    return observe(store, trials, reported_states(store, open_handles(store, trials), outages=outages))
