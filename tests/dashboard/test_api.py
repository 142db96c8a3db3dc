"""The API says what the tables say; pages are served with their data."""

import json
import re
import statistics
import time
from pathlib import Path

import pytest

from analysis.results.load import load
from analysis.results.summary import summarize
from analysis.synthetic_store import id_of, write_store, write_trial
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.serving import Served, served
from trainer.record import State

PAGES = ("/", "/sweeps/synthetic", f"/trials/{id_of(WHOLE[1])}", "/figures", "/energy", "/machine", "/api")


def data_of(page: str) -> object:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_served_as_html(site: Served, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "</html>" in answer.text


def test_the_list_of_sweeps_counts_states_and_says_what_is_left(site: Served) -> None:
    (card,) = site.get("/api/sweeps").json["sweeps"]
    assert card["states"] == {"done": 10, "diverged": 1, "running": 1}
    assert card["progress"] == pytest.approx((10 * 100 + 60 + 40) / 1200)
    assert card["left_hours"] == pytest.approx(60 * 36 / 3600)
    assert card["failures"] == {"diverged": 1}


def test_runs_are_those_of_the_tables(site: Served, store: ResultStore) -> None:
    view = site.get("/api/sweeps/synthetic").json
    frame = load(store, "synthetic")[0].frame
    assert view["runs"]["trial"] == list(frame["trial"])
    assert view["runs"]["state"] == list(frame["state"])
    assert view["runs"]["best"] == pytest.approx(list(frame["best"]), rel=1e-5)
    assert view["runs"]["kwh"] == pytest.approx(list(frame["energy_joules"] / 3.6e6), rel=1e-5)
    assert [view["cells"][place] for place in view["runs"]["cell"]] == list(frame["cell"])


def test_axes_are_those_of_the_sweep_and_the_seed(site: Served) -> None:
    axes = {axis["key"]: axis["values"] for axis in site.get("/api/sweeps/synthetic").json["axes"]}
    assert axes == {"data.subset": ["500", "2000"], "augment": ["none", "ada"], "seed": ["0", "1", "2"]}


def test_cells_differ_in_their_resolved_settings(site: Served) -> None:
    rows = {row["key"]: row["values"] for row in site.get("/api/sweeps/synthetic").json["settings"]}
    assert rows["data.subset"] == ["500", "500", "2000", "2000"]
    assert rows["augment.target"] == ["–", "0.6", "–", "0.6"]
    assert "seed" not in rows


def test_curves_are_those_of_the_tables(site: Served, store: ResultStore) -> None:
    view = site.get("/api/sweeps/synthetic/curves").json
    scores = load(store, "synthetic")[1].scores
    for run, (grid, values) in enumerate(zip(view["grid"], view["value"], strict=True)):
        rows = scores[scores["run"] == run].sort_values("kimg")
        assert view["grids"][grid] == list(rows["kimg"])
        assert values == pytest.approx(list(rows["value"]), rel=1e-5)


def test_clocks_add_up_the_time_and_energy_of_training(site: Served) -> None:
    clock = site.get("/api/sweeps/synthetic/clock").json
    assert clock["kimg"][1] == [0, 20, 40, 60, 80, 100]
    assert clock["hours"][1] == pytest.approx([kimg * 20 / 3600 for kimg in clock["kimg"][1]], rel=1e-3)


def test_p_has_curves_as_well(site: Served) -> None:
    view = site.get("/api/sweeps/synthetic/curves?quantity=p").json
    assert view["score"] is None
    assert max(view["value"][3]) > 0.1


def test_the_median_of_a_cell_is_that_of_the_summary(site: Served, store: ResultStore) -> None:
    runs = site.get("/api/sweeps/synthetic").json["runs"]
    last_cell = [value for value, cell in zip(runs["best"], runs["cell"], strict=True) if cell == 3]
    table = summarize(*load(store, "synthetic")).table
    assert statistics.median(last_cell) == pytest.approx(table["best"].iloc[3], rel=1e-5)


def test_a_trial_has_its_attempts_sheets_and_configuration(site: Served) -> None:
    trial = id_of(WHOLE[3])
    view = site.get(f"/api/trials/{trial}").json
    assert [sheet["kimg"] for sheet in view["sheets"]] == [4, 40, 100]
    assert view["attempts"][0]["host"] == "synthetic"
    assert view["config"]["data.subset"] == "500"
    assert view["places"][0]["command"] == "adasweep run synthetic --tier synthetic"
    assert [card["figure"] for card in view["figures"]] == ["fid_curves"]
    assert len(view["siblings"]) == 11
    assert site.get(f"/files/samples/{trial}/{view['sheets'][0]['name']}").body.startswith(b"\x89PNG")


def test_figures_are_listed_and_verified(site: Served) -> None:
    (card,) = site.get("/api/figures").json
    assert card["kinds"] == ["png", "pdf", "csv"]
    assert site.get("/files/figures/synthetic/fid_curves.csv").text.startswith("cell,")
    (verdict,) = site.get("/api/figures/synthetic/verified").json
    assert verdict["differences"] == []


def test_energy_adds_up(site: Served) -> None:
    view = site.get("/api/energy").json
    assert sum(item["kwh"] for item in view["items"]) == pytest.approx(view["total"]["kwh"])
    assert view["total"]["attempts"] == 12


def test_what_is_not_there_is_not_found(site: Served) -> None:
    for path in ("/api/sweeps/nope", "/api/trials/000000000000", "/sweeps/nope", "/trials/nope", "/nope"):
        assert site.get(path).status == 404


def test_a_new_run_shows_without_a_restart(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:2], missing=WHOLE[2:3], step_kimg=20.0, files=False)
    loaded(store)
    with served(store) as found:
        before = found.get("/api/revision").json["revision"]
        assert found.get("/api/sweeps/synthetic").json["runs"]["state"][2] == "new"
        write_trial(store, WHOLE[2], 100.0, 20.0)
        deadline = time.monotonic() + 60
        while found.get("/api/revision").json["revision"] == before and time.monotonic() < deadline:
            time.sleep(0.2)
        assert found.get("/api/sweeps/synthetic").json["runs"]["state"][2] == "done"


def test_claims_with_sequential_seeds_show_how_far_they_are(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE, step_kimg=50.0, files=False)
    path = store.plan("synthetic")
    added = {"claims": ["ada < baseline at subset=500"], "sequential": {"least": 3, "most": 8}}
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | added), encoding="utf-8")
    with served(store) as found:
        (row,) = found.get("/api/sweeps/synthetic/claims").json
        assert row["verdict"] == "UNDECIDED"
        assert row["needs"].startswith("look 1 of 6; 1+1 seeds")
        assert "look 1 of 6; 1+1 seeds" in found.get("/sweeps/synthetic").text


def test_text_of_the_store_is_never_markup(tmp_path: Path, markup: str) -> None:
    failed = WHOLE[0]._replace(kimg=50.0, state=State.FAILED)
    store = write_store(tmp_path / "store", [failed], step_kimg=50.0, files=False)
    path = store.plan("synthetic")
    plan = json.loads(path.read_text(encoding="utf-8")) | {
        "question": markup,
        "tier": markup,
        "claims": [f"prose: {markup}"],
    }
    plan["cells"][0]["cell"] = markup
    path.write_text(json.dumps(plan), encoding="utf-8")
    run = store.run(id_of(WHOLE[0]))
    record = json.loads(run.record(1).read_text(encoding="utf-8")) | {"message": markup, "host": markup}
    run.record(1).write_text(json.dumps(record), encoding="utf-8")
    run.log(1).write_text(f"\x1b[31m{markup}\n", encoding="utf-8")
    with served(store) as found:
        for address in ("/", "/sweeps/synthetic", f"/trials/{run.path.name}", "/machine"):
            page = found.get(address).text
            assert "<img src=x" not in page
            assert "alert(2)</script>" not in page
            assert address == "/machine" or "&lt;img src=x" in page
            assert "\x1b" not in page
        assert markup in json.dumps(data_of(found.get("/sweeps/synthetic").text))


def test_a_sweep_that_cannot_be_read_says_why_and_hides_no_other(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:1], step_kimg=50.0, files=False)
    broken = store.plan("broken")
    broken.parent.mkdir()
    broken.write_text("{", encoding="utf-8")
    with served(store) as found:
        cards = {card["sweep"]: card["problem"] for card in found.get("/api/sweeps").json["sweeps"]}
        assert cards["synthetic"] == ""
        assert "plan.json" in cards["broken"]
        assert all(found.get(path).status == 200 for path in ("/", "/energy", "/machine", "/figures"))


def test_an_empty_store_has_pages(tmp_path: Path) -> None:
    with served(ResultStore(tmp_path)) as found:
        for path in ("/", "/energy", "/machine", "/figures"):
            assert found.get(path).status == 200


def test_a_damaged_table_is_told_and_collected_anew(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:2], step_kimg=50.0, files=False)
    loaded(store)
    shard = next((store.tables / "runs").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:200])
    with served(store) as found:
        first = found.get("/api/sweeps").json["sweeps"][0]
        assert not first["problem"] or "run adasweep collect" in first["problem"]
        deadline = time.monotonic() + 60
        while found.get("/api/sweeps").json["sweeps"][0]["problem"] and time.monotonic() < deadline:
            time.sleep(0.2)
        assert found.get("/api/sweeps").json["sweeps"][0]["states"] == {"done": 2}


def test_the_page_of_the_api_names_every_request_and_type(site: Served) -> None:
    described, page = site.get("/openapi.json").json, site.get("/api").text
    assert "`" not in page
    assert "Response " not in page
    for path, methods in described["paths"].items():
        assert f"<code>{path}</code>" in page
        assert all(f"<h3>{about['summary']}</h3>" in page for about in methods.values())
    linked = set(re.findall(r'href="#(\w+)"', page))
    assert linked - set(re.findall(r'id="(\w+)"', page)) == set()
    assert "FigureCards" in linked
