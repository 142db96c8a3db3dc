"""The runs of a small SYNTHETIC sweep: 2 sizes x 2 methods x 3 seeds, evaluated every 20 kimg."""

from analysis.collect import collect
from analysis.results import Curves, Runs, load
from analysis.store import Store
from analysis.synthetic import FakeRun

WHOLE = [FakeRun(augment, subset, seed) for subset in (500, 2000) for augment in ("none", "ada") for seed in range(3)]


def loaded(store: Store) -> tuple[Runs, Curves]:
    """Collect and load the sweep of a store."""
    collect(store)
    return load(store, "synthetic")
