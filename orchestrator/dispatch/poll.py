"""Asks each backend once for the states of all attempts that may still be active."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from orchestrator.backends.base import Backend, Handle, read_handle
from orchestrator.backends.registry import open_backend
from orchestrator.store.attempt_state import FINAL, RUN_AGAIN
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
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


def reported_states(store: Store, handles: Iterable[Handle], known: Iterable[Backend] = ()) -> dict[str, State]:
    """Return the state of each handle's trial as its backend reports it; backends in `known` are not opened anew."""
    backends = {backend.name: backend for backend in known}
    by_backend: dict[str, list[Handle]] = defaultdict(list)
    for handle in handles:
        by_backend[handle.backend].append(handle)
    states: dict[str, State] = {}
    for name, group in by_backend.items():
        backend = backends.get(name) or open_backend(name, store)
        states |= {handle.trial: state for handle, state in backend.states(group).items()}
    return states


def observe_now(store: Store, trials: Collection[str]) -> dict[str, Observed]:
    """Return what the store and the backends show of trials now."""
    return observe(store, trials, reported_states(store, open_handles(store, trials)))
