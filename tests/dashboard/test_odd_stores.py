"""Stores that are not as they should be, and large sweeps: every page answers, and says what is wrong."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analysis.__main__ import main
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.collect import collect
from tests.analysis.stores import WHOLE
from tests.dashboard.serving import Served, served

TRIAL = id_of(WHOLE[3])
PLACES = (
    *("/", "/sweeps/synthetic", f"/trials/{TRIAL}", "/figures", "/energy", "/machine", "/api/sweeps"),
    *("/api/sweeps/synthetic", "/api/sweeps/synthetic/clock", "/api/sweeps/synthetic/claims"),
    *("/api/sweeps/synthetic/published", f"/api/trials/{TRIAL}", "/api/energy", "/api/machine"),
    *("/api/sweeps/synthetic/curves?quantity=p", f"/api/sweeps/synthetic/logits?trial={TRIAL}"),
)


def _answers(site: Served) -> dict[str, int]:
    return {place: site.get(place).status for place in PLACES}


SPOILT = [
    ("trial.json", b"[1, 2]\n"),
    ("metrics.jsonl", b'{"kimg": "many", "value": {}}\n'),
    ("ticks.jsonl", b"\xff\xfe\x00"),
    ("events.jsonl", b"[1, 2]\n"),
    ("*", b""),
    ("*", None),
]


@pytest.mark.parametrize(("name", "content"), SPOILT)
def test_a_spoilt_trial_spoils_no_page(tmp_path: Path, name: str, content: bytes | None) -> None:
    store = write_store(tmp_path, WHOLE[:6], step_kimg=20.0, files=False)
    for path in store.run(TRIAL).path.glob(name):
        if path.is_file():
            path.unlink()
            if content is not None:
                path.write_bytes(content)
    with served(store) as site:
        answers = _answers(site)
    assert {place: status for place, status in answers.items() if TRIAL not in place and status != 200} == {}
    assert {status for place, status in answers.items() if TRIAL in place} <= {200, 404}


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_what_is_no_folder_in_the_place_of_a_trial_stops_no_export(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    store = write_store(tmp_path / "store", WHOLE[:4], step_kimg=50.0, files=False)
    path = store.run(TRIAL).path
    shutil.rmtree(path)
    make(path)
    assert main(["dashboard", "--export", str(tmp_path / "pages"), "--store", str(store.path)]) == 0
    pages = {page.stem for page in (tmp_path / "pages" / "trials").iterdir()}
    assert pages == {id_of(run) for run in WHOLE[:4]} - {TRIAL}


def test_a_sheet_of_samples_that_is_a_link_to_nowhere_is_left_out_of_an_export(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:4], step_kimg=50.0, files=False)
    samples = store.run(TRIAL).samples
    samples.mkdir(parents=True, exist_ok=True)
    for name in ("reals.png", "fakes-000050000.png"):
        (samples / name).unlink(missing_ok=True)
        (samples / name).symlink_to(tmp_path / "nowhere")
    assert main(["dashboard", "--export", str(tmp_path / "pages"), "--store", str(store.path)]) == 0
    assert (tmp_path / "pages" / "trials" / f"{TRIAL}.html").is_file()


def test_a_folder_of_figures_that_is_a_link_to_too_long_a_name_stops_no_export(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:4], step_kimg=50.0, files=False)
    (store.path / "figures").symlink_to("x" * 300)
    assert main(["dashboard", "--export", str(tmp_path / "pages"), "--store", str(store.path)]) == 0
    assert (tmp_path / "pages" / "figures.html").is_file()


def test_tables_of_another_version_are_collected_anew(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:6], step_kimg=20.0, files=False)
    collect(store)
    for path in store.tables.glob("*/*.parquet"):
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table.replace_schema_metadata({b"adasweep:schema": b"1"}), path)
    with served(store) as site:
        assert set(_answers(site).values()) <= {200, 404}
        deadline = time.monotonic() + 60
        while site.get("/api/sweeps/synthetic").status != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        page = site.get("/sweeps/synthetic")
    assert page.status == 200


def test_a_plan_of_another_version_is_told_and_hides_no_other_sweep(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:6], step_kimg=20.0, files=False)
    write_store(tmp_path, WHOLE[:3], sweep="another", step_kimg=50.0, files=False)
    plan = store.plan("another")
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"format": 99, "version": 99, "schema": 99}))
    with served(store) as site:
        first, page = site.get("/"), site.get("/sweeps/another")
        assert set(_answers(site).values()) <= {200, 404}
        assert site.get("/sweeps/synthetic").status == 200
    assert "synthetic" in first.text
    assert page.status in (200, 404)


def test_figures_without_readable_provenance_are_named_on_the_page_of_figures(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:6], step_kimg=20.0, files=False)
    figures = store.figures("synthetic")
    figures.mkdir(parents=True)
    (figures / "fid_curves.provenance.json").write_text('{"figure": "fid_cur')
    (figures / "ada_p.png").write_bytes(b"")
    with served(store) as site:
        page = site.get("/figures").text
    assert "2 figures are left out" in page
    assert "synthetic: ada_p.provenance.json: missing; draw the figure again" in page
    assert "synthetic: fid_curves.provenance.json: not JSON; draw the figure again" in page
    assert "No figure was drawn yet" not in page


@pytest.mark.parametrize("kind", ["png", "pdf", "csv"])
def test_a_sweep_that_lost_every_provenance_file_says_what_is_missing_and_how_to_redraw(
    tmp_path: Path, kind: str
) -> None:
    store = write_store(tmp_path / "store", WHOLE[:6], step_kimg=20.0, files=False)
    figures = store.figures("synthetic")
    figures.mkdir(parents=True)
    for name in ("ada_p", "fid_curves"):
        (figures / f"{name}.{kind}").write_bytes(b"")
    lost = "synthetic: every provenance file is missing (ada_p, fid_curves)"
    told = f"{lost}; draw them again: adasweep figures draw synthetic"
    with served(store) as site:
        page = site.get("/figures").text
    assert main(["dashboard", "--export", str(tmp_path / "pages"), "--store", str(store.path)]) == 0
    for text in (page, (tmp_path / "pages" / "figures.html").read_text()):
        assert f"<pre>{told}</pre>" in text
        assert "No figure was drawn yet" not in text


def test_figures_that_lose_their_provenance_are_told_on_a_page_that_is_open(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:6], step_kimg=20.0, files=False)
    with served(store) as site:
        assert "No figure was drawn yet" in site.get("/figures").text
        store.figures("synthetic").mkdir(parents=True)
        (store.figures("synthetic") / "ada_p.png").write_bytes(b"")
        deadline = time.monotonic() + 20
        while "every provenance file is missing (ada_p)" not in site.get("/figures").text:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_sweep_of_a_thousand_cells_is_shown(tmp_path: Path) -> None:
    runs = [FakeRun(("none", "ada")[number % 2], 100 + number // 2, 0) for number in range(1000)]
    store = write_store(tmp_path, runs, step_kimg=50.0, files=False)
    collect(store)
    with served(store) as site:
        assert site.get("/").status == 200
        began = time.perf_counter()
        page = site.get("/sweeps/synthetic")
        took = time.perf_counter() - began
        assert len(site.get("/api/sweeps/synthetic").json["cells"]) == 1000
    assert page.status == 200
    assert took < 10
