"""Data sets as a sweep names them: by name in the store, or by path from here or from beside the sweep file."""

from pathlib import Path

from orchestrator.store import Store
from orchestrator.trial import DataLookup, LocatedData


def lookup(store: Store, sweep_file: Path) -> DataLookup:
    """Return what finds and describes the data sets of a sweep."""
    from trainer.config.dataset import describe, locate

    def find(source: str) -> LocatedData:
        beside = sweep_file.parent / Path(source).expanduser()
        is_path = "/" in source and not Path(source).expanduser().exists() and beside.exists()
        path = locate(beside if is_path else source, store.data)
        return LocatedData(describe(path, store.data), path)

    return find
