"""Backends by name, imported when first used."""

import importlib
from collections.abc import Mapping

from orchestrator.backends.base import Backend
from orchestrator.errors import PlanError
from orchestrator.store.layout import Store
from trainer.errors import did_you_mean

BACKENDS: Mapping[str, str] = {
    "local": "orchestrator.backends.local.backend",
    "slurm": "orchestrator.backends.slurm.backend",
    "ray": "orchestrator.backends.ray.backend",
}
"""The module of each backend, with a function `open_backend(store, cpus)`."""


def open_backend(name: str, store: Store, cpus: int | None = None) -> Backend:
    """Return the backend called `name`; `cpus` limits the CPUs of this machine it uses."""
    if name not in BACKENDS:
        raise PlanError(
            "--backend", f"no backend is called {name!r}{did_you_mean(name, BACKENDS)}", ", ".join(BACKENDS)
        )
    module = importlib.import_module(BACKENDS[name])
    backend: Backend = module.open_backend(store, cpus)
    return backend
