"""A SYNTHETIC store with results of a sweep of the repository, as if all of it had been run."""

import json
from pathlib import Path

from analysis.collect import collect
from analysis.results import Curves, Runs, load
from analysis.store import Store
from analysis.synthetic import run_of, write_logits, write_samples, write_trial
from orchestrator.observe import NEVER
from orchestrator.plan import make_plan, stored
from orchestrator.price import Evidence
from orchestrator.sweep_file import read_sweep
from tests.sweeps.planned import FILES, planned
from trainer.config.metrics import parse_metric, value_names
from trainer.record import replace_file

EVALUATIONS = 10
PICTURED = 6


def write_results(path: Path, name: str, tier: str) -> Store:
    """Write the plan of a sweep and made-up results of all its runs but the last, logits and samples of a few."""
    store, sweep, trials = Store(path), read_sweep(FILES[name], tier), tuple(planned(name, tier))
    document = stored(make_plan(sweep, trials, dict.fromkeys((t.id for t in trials), NEVER), Evidence({}, {}), 1))
    replace_file(store.plan(sweep.key), json.dumps(document | {"file": "synthetic"}))
    metrics = [
        value for metric in sweep.spec.metrics for value in value_names(parse_metric(metric), sweep.spec.detector)
    ]
    for place, trial in enumerate(trials[:-1] if len(trials) > 2 else trials):
        run = run_of(trial.config, trial.horizon_kimg, metrics)
        write_trial(store, run, trial.horizon_kimg, trial.horizon_kimg / EVALUATIONS)
        if place < PICTURED:
            write_logits(store.run(trial.id), run)
            write_samples(store.run(trial.id), run, tiles=2)
    return store


def loaded(store: Store, name: str, tier: str) -> tuple[Runs, Curves]:
    """Collect and load the sweep of `write_results`."""
    collect(store)
    return load(store, read_sweep(FILES[name], tier).key)
