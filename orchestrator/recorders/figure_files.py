"""Finds the figures of a store that have changed since they were recorded. Does not import MLflow."""

import os
from pathlib import Path

from orchestrator.plan.plan_file import sweeps
from orchestrator.recorders.holdings import Holdings
from orchestrator.recorders.target import MlflowTarget
from orchestrator.store.layout import Store
from trainer.config.spec import Settings
from trainer.config.stored import read_document
from trainer.files import matching

Versions = dict[str, list[int]]
"""Size and modification time of every file, by name."""


class FigureCursor(Settings):
    """The run that holds the figures of a sweep, and the versions of its files."""

    run_id: str = ""
    files: Versions = {}


def sweeps_with_figures(store: Store) -> list[str]:
    """Return the names of the sweeps that have figures."""
    return [name for name in sweeps(store) if os.path.isdir(store.root / "figures" / name)]


def changed(store: Store, target: MlflowTarget, sweep: str, known: Holdings | None) -> list[str]:
    """Return the names of the figures of a sweep that are new or have changed; all if `known` lacks their run."""
    cursor = read_document(figure_cursor(target, sweep), FigureCursor) or FigureCursor()
    recorded = cursor.files if known is None or known.holds(cursor.run_id) else {}
    return [name for name, version in versions(store, sweep).items() if recorded.get(name) != version]


def versions(store: Store, sweep: str) -> Versions:
    """Return size and modification time of every file of a sweep's figures."""
    folder = store.root / "figures" / sweep
    files = [path for path in matching(folder, "[!.]*") if os.path.isfile(path)]
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}


def figure_cursor(target: MlflowTarget, sweep: str) -> Path:
    """Return the file with the recorded versions of a sweep's figures."""
    return target.cursors / "figures" / f"{sweep}.json"
