"""A store in which every part of every page has something to show: claims, published values, a search, failures."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.render import render
from analysis.results.load import load
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from trainer.record import State

PUBLISHED = {"of": "ada & subset=2000", "metric": "fid2k", "value": 21.5, "source": "Karras et al. 2020, Table 2"}
CLAIMS = ["best fid2k: ada & subset=500 < none & subset=500", "prose: the effect grows as images get fewer"]
SEARCHED = [FakeRun("ada", subset, seed) for subset in (100, 300, 700, 1500, 4000) for seed in range(2)]


def write_rich_store(path: Path) -> ResultStore:
    """Write the store: the sweeps `synthetic` and `searched`, with a figure."""
    runs = list(WHOLE)
    runs[0] = runs[0]._replace(kimg=60.0, diverged_kimg=60.0)
    runs[4] = runs[4]._replace(kimg=40.0, state=State.RUNNING)
    runs[8] = runs[8]._replace(kimg=20.0, state=State.FAILED)
    store = write_store(path, runs, step_kimg=20.0)
    write_store(path, SEARCHED, sweep="searched", step_kimg=20.0, files=False)
    changed(store, "synthetic", question="Does augmentation help when images are few?", claims=CLAIMS)
    changed(store, "synthetic", published=[PUBLISHED], metrics=["fid2k"])
    changed(store, "synthetic", probes=["fid_floor"])
    for run in (WHOLE[3], WHOLE[9]):
        write_floor(store, run, 40.0 / run.subset**0.5)
    changed(store, "searched", search={"space": "s", "points": []})
    collect(store)
    render("fid_curves", *load(store, "synthetic"))
    return store


def write_floor(store: ResultStore, run: FakeRun, mean: float) -> None:
    """Write the output of the probe `fid_floor` of a run."""
    folder = store.run(id_of(run)).path / "probes"
    folder.mkdir(parents=True)
    size, std = np.array([run.subset]), np.array([0.1])
    np.savez(folder / "fid_floor-000100000.npz", size=size, mean=np.array([mean]), std=std)


def changed(store: ResultStore, sweep: str, **fields: Any) -> None:
    """Change fields of a sweep's plan."""
    path = store.plan(sweep)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")
