"""A SYNTHETIC store with results of a sweep of the repository, as if it had been run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from analysis.results.load import Curves, Runs, load
from analysis.synthetic_store import run_of, write_logits, write_samples, write_trial
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from orchestrator.plan.plan import make_plan
from orchestrator.plan.plan_document import plan_file_of
from orchestrator.plan.sources import unique_trials
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.store.observe import NEVER
from tests.sweeps.planned import planned, read
from trainer.config.metrics.names import parse_metric, value_names
from trainer.config.probes import parse_probe
from trainer.files import replace_file

EVALUATIONS = 10
PICTURED = 6


def write_results(path: Path, name: str, tier: str) -> ResultStore:
    """Write the plan of a sweep and synthetic results of all runs but the last, with logits and samples for a few."""
    store, sweep, trials = ResultStore(path), read(name, tier), tuple(planned(name, tier))
    document = plan_file_of(
        make_plan(sweep, trials, dict.fromkeys(unique_trials(trials), NEVER), SpeedEvidence({}, {}), 1)
    )
    replace_file(store.plan(sweep.key), document.model_copy(update={"file": "synthetic"}).model_dump_json())
    metrics = [
        value
        for metric in sweep.spec.metrics
        for value in value_names(parse_metric(metric), sweep.spec.detector, sweep.spec.distance)
    ]
    for place, trial in enumerate(trials[:-1] if len(trials) > 2 else trials):
        run = run_of(trial.config, trial.horizon_kimg, metrics)
        write_trial(store, run, trial.horizon_kimg, trial.horizon_kimg / EVALUATIONS)
        job = {"sweep": sweep.key, "resources": trial.resources.model_dump(mode="json")}
        replace_file(store.run(trial.id).job(1), json.dumps(job))
        if place < PICTURED:
            write_logits(store.run(trial.id), run)
            write_samples(store.run(trial.id), run, tiles=2)
            write_probes(store, trial.id, trial.horizon_kimg, trial.seed, sweep.spec.probes)
    return store


def write_probes(store: ResultStore, trial: str, kimg: float, seed: int, planned: Sequence[str]) -> None:
    """Write synthetic outputs of each probe for two snapshots, with the counts that the sweep plans (jacobian-1)."""
    named = {parse_probe(text).name: text for text in planned}
    rows = 1 / np.arange(1, 33)
    found: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "gradients": ({}, ("images", "magnitude")),
        "mean-image": ({}, ("real", "generated")),
        "image-ppl": ({"path_length": 100 * np.exp(np.linspace(-1, 1 + seed, 50))}, ("low", "high")),
        "projection": ({"generated": np.linspace(0, 0.3, 50), "real": np.linspace(0.2, 0.5, 50)}, ()),
        "trgb": ({"resolution": np.array([4, 8, 16]), "share": np.array([0.5, 0.3, 0.2])}, ()),
        "jacobian": ({"singular_values": np.stack([rows, 2 * rows])}, ()),
        "noise-maps": ({}, ("regularised", "free")),
        "uncurated": ({}, ("real", "generated", "truncated")),
        "truncation": ({"is_mean": np.linspace(9, 4, 8), "fid": np.linspace(30, 12, 8)}, ()),
    }
    directory = store.run(trial).path / "probes"
    directory.mkdir(parents=True, exist_ok=True)
    for name, (arrays, pictures) in found.items():
        for images in (round(kimg * 500), round(kimg * 1000)):
            stem = f"{named.get(name, name)}-{images:09d}"
            np.savez(directory / f"{stem}.npz", **arrays)
            for picture in pictures:
                shade = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
                Image.fromarray(shade).save(directory / f"{stem}-{picture}.png")


def loaded(store: ResultStore, name: str, tier: str) -> tuple[Runs, Curves]:
    """Collect and load the sweep of `write_results`."""
    collect(store)
    return load(store, read(name, tier).key)
