"""The runs of a small SYNTHETIC sweep: 2 sizes x 2 methods x 3 seeds, evaluated every 20 kimg."""

from analysis.results.load import Curves, Runs, load
from analysis.synthetic_store import FakeRun
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore

WHOLE = [FakeRun(augment, subset, seed) for subset in (500, 2000) for augment in ("none", "ada") for seed in range(3)]


def loaded(store: ResultStore) -> tuple[Runs, Curves]:
    """Collect and load the sweep of a store."""
    collect(store)
    return load(store, "synthetic")
