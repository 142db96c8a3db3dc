"""Costs, queue, slots, published values, histograms and MLflow's page are what the files of the store say."""

import hashlib
import json
import socket
from pathlib import Path

import pytest

from analysis.dashboard.floor_view import floor_rows
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.mlflow_run import mlflow_run
from analysis.dashboard.prices import Prices
from analysis.dashboard.queue_view import slots
from analysis.dashboard.sweep_list import sweep_card
from analysis.dashboard.trial_view import trial_view
from analysis.dashboard.words import coded, decimal, price
from analysis.synthetic_store import id_of, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from tests.dashboard.rich_store import PUBLISHED
from tests.dashboard.serving import Served, served
from trainer.config.job import Estimate, Job
from trainer.config.options import RunOptions
from trainer.files import append_lines
from trainer.recording.beyond import set_aside_beyond
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside

HALF = WHOLE[0]._replace(kimg=50.0)
HOURS = 36 * 50 / 3600
KWH = 360 * 50 / 3.6e6


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """A store with one of two runs half done."""
    return write_store(tmp_path / "store", [HALF], missing=WHOLE[1:2], step_kimg=50.0, files=False)


def test_a_sweep_costs_what_its_attempts_took(store: ResultStore) -> None:
    card = sweep_card(LiveStore(store, prices=Prices(per_kwh=0.3)), "synthetic")
    assert card.hours == pytest.approx(HOURS)
    assert card.kwh == pytest.approx(KWH)
    assert card.money == pytest.approx(0.3 * KWH)
    assert card.money_at_end == pytest.approx(4 * 0.3 * KWH)
    assert sweep_card(LiveStore(store), "synthetic").money is None


def test_a_plan_expected_what_the_estimates_of_its_jobs_say(store: ResultStore) -> None:
    assert sweep_card(LiveStore(store), "synthetic").planned_hours is None
    options = RunOptions(horizon_kimg=100.0, data_path="d", cache_dir="c", metrics=())
    estimate = Estimate(seconds=7200, low=1, high=9000, plain=7200, kind="benchmark", made=1.7e9)
    job = Job(attempt=1, token=1, options=options, estimate=estimate)
    store.run(id_of(HALF)).job(1).write_text(job.model_dump_json(), encoding="utf-8")
    card = sweep_card(LiveStore(store, prices=Prices(per_kwh=0.3)), "synthetic")
    assert card.planned_hours == pytest.approx(4.0)
    assert card.planned_kwh == pytest.approx(KWH * 4.0 / HOURS)
    assert card.planned_money == pytest.approx(0.3 * KWH * 4.0 / HOURS)


def test_a_trial_says_what_no_longer_counts(store: ResultStore) -> None:
    run = store.run(id_of(HALF))
    assert trial_view(LiveStore(store), id_of(HALF)).set_aside == []
    set_aside(run, 2, Fence(run.lease, 2))
    append_lines(run.ticks, [{"kimg": 9.0, "attempt": 2}])
    set_aside_beyond(run, 4000, 3, Fence(run.lease, 3))
    found = trial_view(LiveStore(store), id_of(HALF)).set_aside
    assert [(one.attempt, one.beyond, one.kimg, one.folder) for one in found] == [
        (2, False, 50.0, "set-aside/002"),
        (3, True, 9.0, "set-aside/003.beyond"),
    ]
    with served(store) as site:
        page = " ".join(site.get(f"/trials/{id_of(HALF)}").text.split())
    assert "Attempt 2 started over: what had been recorded before, up to 50 kimg, no longer counts." in page
    assert "recorded beyond its checkpoint, up to 9 kimg, no longer counts. It is kept in" in page


def test_prices_need_what_they_are_for() -> None:
    assert Prices(per_gpu_hour=2.0).money(None, 3.0) == 6.0
    assert Prices(per_kwh=1.0).money(None, 3.0) is None
    assert Prices().money(1.0, 1.0) is None


def test_small_amounts_are_not_rounded_to_nothing() -> None:
    assert [price(money) for money in (0, 0.0047, 0.5, 1234.5)] == ["0.00", "0.0047", "0.50", "1,234.50"]


def test_small_numbers_of_a_table_have_no_exponent() -> None:
    found = [decimal(value) for value in (0.0, 4.34e-05, 1e-7, 0.0149, 12.345, 1234.5, None)]
    assert found == ["0", "0.0000434", "0.0000001", "0.0149", "12.3", "1,234", "–"]


def test_backticks_of_a_description_become_code_and_markup_stays_text() -> None:
    assert coded("See `a<b` & <i>") == "See <code>a&lt;b</code> &amp; &lt;i&gt;"


def test_slots_are_those_of_the_local_queue(store: ResultStore) -> None:
    assert slots(LiveStore(store)) is None
    queue = store.path / "local" / socket.gethostname()
    for folder, number in (("running", 1), ("queue", 3)):
        (queue / folder).mkdir(parents=True)
        for place in range(number):
            entry = {"trial": "0" * 12, "resources": {"cpus": 2, "gpus": 0.5}}
            (queue / folder / f"{place}.json").write_text(json.dumps(entry), encoding="utf-8")
    (queue / "capacity.json").write_text('{"cpus": 4, "gpus": 1}', encoding="utf-8")
    found = slots(LiveStore(store))
    assert found is not None
    assert (found.cpus, found.cpus_used, found.gpus, found.gpus_used, found.waiting) == (4, 2, 1, 0.5, 3)


@pytest.mark.parametrize("uri", ["", "http://tracking.example:5000"])
def test_a_recorded_trial_has_its_page_in_mlflow(store: ResultStore, uri: str) -> None:
    trial, environment = id_of(HALF), {"MLFLOW_TRACKING_URI": uri}
    assert mlflow_run(LiveStore(store), trial, environment) is None
    own = f"sqlite:///{store.path.resolve() / 'mlflow.db'}"
    cursors = store.path / "mlflow" / hashlib.sha256((uri or own).encode()).hexdigest()[:8]
    cursors.mkdir(parents=True)
    (cursors / f"{trial}.json").write_text('{"run_id": "abc", "ticks_offset": 7}', encoding="utf-8")
    found = mlflow_run(LiveStore(store), trial, environment)
    assert found is not None
    assert found.page == f"{uri or 'http://127.0.0.1:5000'}/#/runs/abc"
    assert found.command == ("" if uri else f"mlflow ui --backend-store-uri {own}")


def test_published_values_stand_beside_ours(rich: Served) -> None:
    (row,) = rich.get("/api/sweeps/synthetic/published").json
    assert (row["value"], row["source"]) == (PUBLISHED["value"], PUBLISHED["source"])
    assert row["metrics"] == ["fid2k-lite0"]
    assert row["ours"] is not None
    assert rich.get("/api/sweeps/synthetic").json["cells"][row["cell"]] == "subset=2000 ada"


def test_histograms_of_logits_are_those_of_the_trial(rich: Served) -> None:
    trial = id_of(WHOLE[3])
    view = rich.get(f"/api/sweeps/synthetic/logits?trial={trial}").json
    assert {one["kind"] for one in view["histograms"]} == {"train", "validation", "generated"}
    assert max(one["kimg"] for one in view["histograms"]) == 100
    for one in view["histograms"]:
        width = one["logit"][1] - one["logit"][0]
        assert sum(one["density"]) * width == pytest.approx(1, rel=1e-2)
    assert rich.get("/api/sweeps/searched/logits?trial=" + trial).status == 404


def test_the_queue_counts_what_is_to_come(rich: Served) -> None:
    (row,) = rich.get("/api/machine").json["queue"]
    assert (row["sweep"], row["running"], row["waiting"]) == ("synthetic", 1, 0)


def test_wasted_energy_is_what_no_result_was_built_on(rich: Served) -> None:
    view = rich.get("/api/energy").json
    wasted = [item["kwh"] for item in view["items"] if item["item"].startswith("wasted")]
    assert view["wasted_kwh"] == pytest.approx(sum(wasted))
    assert view["wasted_kwh"] > 0


def test_the_floor_of_a_cell_is_what_its_probe_measured(rich: Served) -> None:
    floors = {row.cell: row.mean for row in floor_rows(rich.live, "synthetic")}
    assert floors == pytest.approx({1: 40 / 500**0.5, 3: 40 / 2000**0.5})
    assert floor_rows(rich.live, "searched") == []
