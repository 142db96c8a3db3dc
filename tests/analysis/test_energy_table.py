"""The ledger of a sweep as a figure: sums, wasted work, and work paid for by another sweep."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.figures.catalog import figure_named
from analysis.figures.render import render_all
from analysis.figures.shapes.energy_table import EnergyTable
from analysis.results.load import load
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.collect import collect
from analysis.tables.plan_file import NO_SWEEP
from analysis.tables.store import ResultStore
from tests.analysis.stores import loaded
from trainer.config.job import Resources
from trainer.files import replace_file
from trainer.record import Energy, State, read_record

MWH = 3.6e9
HOURS_PER_YEAR = 8766
RUNS = [FakeRun(augment, 500, seed) for augment in ("none", "ada") for seed in range(2)]


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """Trials of one MWh and two GPUs for an hour; the first took two attempts, another sweep paid for the last."""
    written = write_store(tmp_path / "store", RUNS, step_kimg=50.0, files=False)
    for run in RUNS:
        attempt(written, run, 1)
    attempt(written, RUNS[0], 1, state=State.PREEMPTED, exit_code=75, kimg=50.0)
    attempt(written, RUNS[0], 2, resumed_from_kimg=40.0)
    plan = json.loads(written.plan("synthetic").read_text())
    replace_file(written.plan("other"), json.dumps({**plan, "sweep": "other", "cells": plan["cells"][3:]}))
    attempt(written, RUNS[3], 1, sweep="other")
    return written


def attempt(store: ResultStore, run: FakeRun, number: int, *, sweep: str = "synthetic", **changes: Any) -> None:
    directory = store.run(id_of(run))
    usual: dict[str, Any] = {"attempt": number, "started": 0.0, "updated": 3600.0, "exit_code": 0}
    usual |= {"energy": Energy(joules=MWH, method="NVML", coverage=1.0)}
    record = read_record(directory.record(1))
    assert record is not None
    replace_file(directory.record(number), record.model_copy(update=usual | changes).model_dump_json())
    replace_file(directory.job(number), json.dumps({"sweep": sweep, "resources": Resources(gpus=2).model_dump()}))


def test_results_and_waste_add_up_without_work_paid_for_by_another_sweep(store: ResultStore) -> None:
    table = figure_named("ada_fig25").data(*loaded(store)).table
    assert table[["kind", "item", "runs", "attempts", "mwh"]].to_numpy().tolist() == [
        ["result", "no augmentation", 2, 3, pytest.approx(2.8)],
        ["result", "ADA", 1, 1, pytest.approx(1.0)],
        ["wasted", "wasted: superseded", 1, 1, pytest.approx(0.2)],
        ["wasted", "wasted: failed", 0, 0, 0.0],
        ["total", "total", 3, 4, pytest.approx(4.0)],
        ["reused", "other", 1, 1, pytest.approx(1.0)],
    ]
    assert table["gpu_years"].tolist()[4] == pytest.approx(4 * 2 / HOURS_PER_YEAR)
    assert not table["estimated_mwh"].any()


def test_tables_and_files_agree_about_attempts(store: ResultStore) -> None:
    figure = figure_named("stylegan2_table5")
    fresh = figure.data(*load(store, "synthetic", fresh=True)).table
    assert fresh.equals(figure.data(*loaded(store)).table)


def test_unmetered_attempts_are_reported(store: ResultStore) -> None:
    attempt(store, RUNS[2], 1, energy=Energy(), started=0.0, updated=0.0)
    replace_file(store.run(id_of(RUNS[2])).job(1), json.dumps({"sweep": "synthetic"}))
    figure = figure_named("ada_fig25")
    assert isinstance(figure, EnergyTable)
    text = figure._as_text(figure.data(*loaded(store)).table)
    assert text.headings == ["item", "runs", "GPU-years", "CPU-hours", "MWh", "estimated"]
    assert text.rows[1] == ["ADA", "1", "0", "0", "0 + 1 not metered", ""]
    assert text.rows[-1][0] == "reused from other"


def test_the_energy_of_a_store_is_by_figure_whatever_the_tier_and_counts_every_attempt(store: ResultStore) -> None:
    plan = json.loads(store.plan("synthetic").read_text())
    replace_file(store.plan("synthetic"), json.dumps(plan | {"figures": ["ada_fig7ab", "ada_fig7c", "ada_fig25"]}))
    part = {
        "sweep": "synthetic-half",
        "tier": "half",
        "figures": ["ada_fig7ab", "ada_fig7c"],
        "cells": plan["cells"][:2],
    }
    replace_file(store.plan("synthetic-half"), json.dumps(plan | part))
    attempt(store, RUNS[1], 1, sweep="synthetic-half")
    collect(store)
    figure = figure_named("energy_by_figure")
    table = figure.data(*load(store, NO_SWEEP)).table
    assert table[["kind", "item", "runs", "attempts", "mwh"]].to_numpy().tolist() == [
        ["result", "other", 1, 1, pytest.approx(1.0)],
        ["result", "ADA Fig. 7ab, Fig. 7c", 3, 4, pytest.approx(3.8)],
        ["wasted", "wasted: superseded", 1, 1, pytest.approx(0.2)],
        ["wasted", "wasted: failed", 0, 0, 0.0],
        ["total", "total", 4, 5, pytest.approx(5.0)],
    ]
    assert figure.data(*load(store, NO_SWEEP, fresh=True)).table.equals(table)
    assert [made.name for made in render_all(["energy_by_figure"], *load(store, NO_SWEEP))[0]] == ["energy_by_figure"]
