"""Backends by name, imported when first used."""

import importlib
from collections.abc import Mapping

from orchestrator.backends.base import Backend
from orchestrator.errors import PlanError
from orchestrator.keys import did_you_mean
from orchestrator.store import Store

BACKENDS: Mapping[str, str] = {
    "local": "orchestrator.backends.local",
    "slurm": "orchestrator.backends.slurm",
    "ray": "orchestrator.backends.ray",
}
"""The module of each backend; its `open_backend(store, cpus)` gives one."""


def open_backend(name: str, store: Store, cpus: int | None = None) -> Backend:
    """Return the backend called `name`; `cpus` bounds what it uses of this machine."""
    if name not in BACKENDS:
        raise PlanError("backend", f"no backend is called {name!r}{did_you_mean(name, BACKENDS)}", ", ".join(BACKENDS))
    module = importlib.import_module(BACKENDS[name])
    backend: Backend = module.open_backend(store, cpus)
    return backend
