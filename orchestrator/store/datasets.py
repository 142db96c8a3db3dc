"""Finds the data sets of a sweep, by name in the store or by path."""

from orchestrator.store.layout import Store
from orchestrator.sweep.trial import DataLookup, LocatedData


def lookup(store: Store) -> DataLookup:
    """Return a function that finds and describes data sets."""
    from trainer.config.dataset.describe import describe, locate

    def find(source: str) -> LocatedData:
        path = locate(source, store.data)
        return LocatedData(describe(path, store.data), path)

    return find
