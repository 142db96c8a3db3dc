"""The pages in a real browser: nothing leaves the machine, nothing is complained of, everything can be done."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from playwright.sync_api import expect

from analysis.dashboard.export import export_pages
from analysis.dashboard.live_store import LiveStore
from analysis.results.load import load
from analysis.synthetic_store import id_of, write_store, write_trial
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.browsing import opened
from tests.dashboard.serving import TOKEN, Served, served
from trainer.record import State

pytestmark = pytest.mark.xdist_group("browser")
TRIAL = id_of(WHOLE[3])
PLOT = "document.getElementById('chart').plot"
PAGES = ("", "sweeps/synthetic", f"trials/{TRIAL}", "figures", "energy", "machine", "api")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_complaint_and_fits_a_telephone(browser: Any, site: Served, path: str) -> None:
    with opened(browser, f"{site.url}/{path}") as page:
        page.wait_for_selector("#live:has-text('live')")
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_function("() => document.documentElement.scrollWidth <= 390")


def test_the_heat_map_shows_the_medians_of_the_tables(browser: Any, site: Served, store: ResultStore) -> None:
    frame = load(store, "synthetic")[0].frame
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        fields = page.locator("#heatmap button")
        fields.first.wait_for()
        expect(fields).to_have_count(4)
        last = statistics.median(frame[frame["cell"] == "subset=2000 ada"]["best"])
        assert float(fields.nth(3).inner_text().split("\n")[0]) == pytest.approx(last, rel=1e-3)


def test_axes_switch_and_stay_in_the_address(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.get_by_label("Columns").select_option("seed")
        page.locator("#grid-controls select").nth(2).select_option("last")
        assert page.locator("#heatmap thead th").all_inner_texts() == ["seed 0", "seed 1", "seed 2"]
        address = page.url
        page.goto("about:blank")
        page.goto(address)
        page.locator("#heatmap button").first.wait_for()
        expect(page.locator("#heatmap thead th")).to_have_count(3)
        assert page.get_by_label("Columns").input_value() == "seed"


def test_a_field_of_the_grid_chooses_its_curves_by_keyboard(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.locator("#heatmap button").first.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelectorAll('#legend input:checked').length === 1")
        expect(page.locator("#chart canvas")).to_have_count(1)
        assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_curves_are_drawn_against_hours_and_as_single_runs(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        lines = "document.getElementById('chart').plot.series.length - 1"
        page.wait_for_selector("#chart canvas")
        assert page.evaluate(lines) == 4 * 3
        page.locator("#curve-controls select").nth(1).select_option("hours")
        page.locator("#curve-controls select").nth(2).select_option("runs")
        page.wait_for_function("() => document.getElementById('chart').plot.series.length === 13")
        page.wait_for_function("() => document.getElementById('chart').plot.axes[0].label === 'hours of training'")
        end = page.evaluate("Math.max(...document.getElementById('chart').plot.data[0])")
        assert end == pytest.approx(100 * 20 / 3600, rel=1e-3)
        page.locator("#curve-controls select").first.select_option("r_t")
        page.wait_for_function("() => document.getElementById('chart').plot.axes[1].label === 'r_t'")


def test_what_was_chosen_last_stays_when_answers_come_late(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#chart canvas")
        held: list[Any] = []
        page.route("**/clock", lambda route: held.append(route))
        page.locator("#curve-controls select").nth(1).select_option("hours")
        page.locator("#curve-controls select").nth(1).select_option("kimg")
        page.locator("#curve-controls select").first.select_option("r_t")
        page.wait_for_function(f"() => {PLOT}.axes[1].label === 'r_t'")
        assert len(held) == 1
        with page.expect_response("**/clock"):
            held[0].continue_()
        page.evaluate("() => new Promise((done) => setTimeout(done, 200))")
        assert page.evaluate(f"[{PLOT}.axes[0].label, {PLOT}.axes[1].label]") == ["kimg", "r_t"]


def test_the_table_is_filtered_sorted_and_copied(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.get_by_label("One row per").select_option("runs")
        page.get_by_label("Filter rows").fill("2000 ada")
        rows = page.locator("#table tbody tr")
        expect(rows).to_have_count(3)
        page.get_by_role("button", name="best", exact=True).click()
        page.get_by_role("button", name="best ↑").click()
        values = [float(text) for text in page.locator("#table tbody tr td:nth-child(5)").all_inner_texts()]
        assert values == sorted(values, reverse=True)
        page.get_by_role("button", name="Copy CSV").click()
        page.wait_for_selector("button:has-text('Copied')")
        copied = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert copied[0].startswith("trial,cell,seed,state,best")
        assert len(copied) == 4


def test_the_table_of_runs_says_what_the_parquet_tables_say(browser: Any, site: Served, store: ResultStore) -> None:
    runs = {row["trial"]: row for row in ds.dataset(store.tables / "runs").to_table().to_pylist()}
    scores = ds.dataset(store.tables / "metrics").to_table().to_pandas().groupby("trial")["value"].min()
    with opened(browser, f"{site.url}/sweeps/synthetic#by=runs") as page:
        page.wait_for_selector("#table tbody tr")
        heads = [text.strip() for text in page.locator("#table thead th").all_inner_texts()]
        lines = [row.split("\t") for row in page.locator("#table tbody tr").all_inner_texts()]
    shown = [dict(zip(heads, line, strict=True)) for line in lines]
    assert {row["trial"] for row in shown} == set(runs)
    for row in shown:
        known = runs[row["trial"]]
        for column, value in (("kimg", known["kimg"]), ("hours", known["hours"])):
            assert float(row[column]) == pytest.approx(value, rel=1e-3)
        assert float(row["kWh"]) == pytest.approx(known["energy_joules"] / 3.6e6, rel=1e-3)
        if row["state"] != "diverged":
            assert float(row["best"]) == pytest.approx(scores[row["trial"]], rel=1e-3)


def test_two_cells_are_compared(browser: Any, site: Served) -> None:
    with opened(browser, f"{site.url}/sweeps/synthetic#a=0&b=2") as page:
        page.wait_for_selector("#difference-table tbody tr")
        assert page.locator("#difference-table tbody tr").all_inner_texts() == ["data.subset\t500\t2000"]


def test_the_slider_changes_the_sheet_and_another_trial_stands_beside(browser: Any, site: Served) -> None:
    other = id_of(WHOLE[4])
    with opened(browser, f"{site.url}/trials/{TRIAL}") as page:
        slider = page.get_by_label("Length of training")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator("#sheets img").first.get_attribute("src").endswith("fakes-000040000.png")
        page.get_by_label("Beside").select_option(other)
        beside = page.locator("#sheets img").nth(1)
        assert beside.get_attribute("src").endswith(f"{other}/fakes-000040000.png")
        page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth)")
        assert "kimg=40" in page.url


def test_a_run_that_appears_shows_without_a_reload(browser: Any, tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:2], missing=WHOLE[2:3], step_kimg=20.0, files=False)
    loaded(store)
    with served(store) as site, opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.wait_for_selector("text=1 new")
        page.wait_for_selector("#live:has-text('live')")
        page.evaluate("window.stayed = true")
        write_trial(store, WHOLE[2]._replace(kimg=60.0, diverged_kimg=60.0), 100.0, 20.0)
        page.wait_for_selector("text=1 diverged")
        page.wait_for_function("() => document.querySelector('#table').innerText.includes('diverged')")
        assert page.evaluate("window.stayed")


def test_a_sweep_is_cancelled_from_its_page(browser: Any, tmp_path: Path) -> None:
    waiting = WHOLE[0]._replace(kimg=40.0, state="preempted")  # type: ignore[arg-type]
    store = write_store(tmp_path / "store", [waiting], step_kimg=20.0, files=False)
    with served(store, may_act=True) as site:
        address = f"{site.url}/sweeps/synthetic?token={TOKEN.replace(' ', '+')}"
        with opened(browser, address) as page:
            page.on("dialog", lambda dialog: dialog.accept())
            assert "token" not in page.url
            page.get_by_role("button", name="Cancel").click()
            page.wait_for_selector("output:has-text('1 trial cancelled')")
    assert (store.run(id_of(WHOLE[0])).attempt(1) / "cancel").exists()


def test_without_the_token_nothing_is_cancelled_and_the_page_says_why(browser: Any, tmp_path: Path) -> None:
    waiting = WHOLE[0]._replace(kimg=40.0, state=State.PREEMPTED)
    store = write_store(tmp_path / "store", [waiting], step_kimg=20.0, files=False)
    with served(store, may_act=True) as site, browser.new_context() as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{site.url}/sweeps/synthetic")
        page.get_by_role("button", name="Cancel").click()
        page.wait_for_selector("output:has-text('The token is missing')")
    assert not (store.run(id_of(WHOLE[0])).attempt(1) / "cancel").exists()


def test_markup_in_names_is_shown_as_text(browser: Any, tmp_path: Path, markup: str) -> None:
    store = write_store(tmp_path / "store", WHOLE[:2], step_kimg=50.0, files=False)
    path = store.plan("synthetic")
    plan = json.loads(path.read_text(encoding="utf-8")) | {"question": markup}
    plan["cells"][0]["cell"] = plan["cells"][0]["axes"][1]["value"] = markup
    path.write_text(json.dumps(plan), encoding="utf-8")
    with served(store) as site, opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.wait_for_selector("#chart canvas")
        expect(page.locator("img[src=x]")).to_have_count(0)
        assert markup in page.locator("#legend").inner_text()
        assert markup in page.locator("#heatmap").inner_text()


def test_exported_pages_open_from_disk(browser: Any, store: ResultStore, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert export_pages(LiveStore(store), folder) == 5 + 12
    with opened(browser, (folder / "index.html").as_uri()) as page:
        page.get_by_role("link", name="synthetic").click()
        page.wait_for_selector("#chart canvas")
        expect(page.locator("#heatmap button")).to_have_count(4)
        page.locator("#curve-controls select").first.select_option("p")
        page.wait_for_function("() => document.getElementById('chart').plot.axes[1].label === 'p'")
        page.get_by_label("One row per").select_option("runs")
        page.locator("#table tbody a").nth(3).click()
        page.wait_for_selector("#sheets img")
        page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth)")
        page.get_by_role("link", name="Figures", exact=True).click()
        expect(page.locator("figure img")).to_have_count(1)
        page.get_by_role("link", name=re.compile("Energy")).click()
        page.wait_for_selector("tr.total")


def test_a_published_value_is_drawn_with_its_cell(browser: Any, rich: Served) -> None:
    with opened(browser, f"{rich.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#chart canvas")
        labels = "document.getElementById('chart').plot.series.map((one) => one.label)"
        assert any("Karras" in str(label) for label in page.evaluate(labels))
        page.locator("#heatmap button").first.click()
        assert not any("Karras" in str(label) for label in page.evaluate(labels))
        expect(page.locator("#claims tbody tr:has-text('Karras')")).to_have_count(1)


def test_the_floor_of_fid_is_shaded_below_the_curves(browser: Any, rich: Served) -> None:
    with opened(browser, f"{rich.url}/sweeps/synthetic#cells=3") as page:
        page.wait_for_selector("#curve-note:has-text('Shaded')")
        floor = 40 / 2000**0.5
        for is_log in (True, False):
            page.locator("#curve-controls input").set_checked(is_log)
            page.wait_for_function(f"{PLOT}.scales.y.distr === {3 if is_log else 1} && {PLOT}.scales.y.min < {floor}")
        page.evaluate("document.getElementById('chart').plot.setScale('y', { min: 0, max: 30 })")
        shades = page.evaluate("""() => new Promise((done) => setTimeout(() => {
          const { ctx, bbox } = document.getElementById("chart").plot;
          const column = ctx.getImageData(bbox.left + 3, bbox.top, 1, bbox.height).data;
          done([0.1, 0.99].map((share) => column[Math.round(share * bbox.height) * 4 + 3]));
        }, 300))""")
        assert shades[0] == 0
        assert shades[1] > 0
        page.locator("#curve-controls select").first.select_option("p")
        page.wait_for_selector("#curve-note:not(:has-text('Shaded'))")


def test_histograms_of_logits_slide_through_training(browser: Any, rich: Served) -> None:
    with opened(browser, f"{rich.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#logit-chart canvas")
        slider = page.locator("#logit-controls input[type=range]")
        slider.focus()
        before = page.evaluate("document.getElementById('logit-chart').plot.data[1]")
        page.keyboard.press("Home")
        page.wait_for_function("() => location.hash.includes('lkimg=4')")
        assert page.evaluate("document.getElementById('logit-chart').plot.data[1]") != before
        page.locator("#logit-controls select").select_option(id_of(WHOLE[3]))
        page.wait_for_function(f"() => location.hash.includes('logits={id_of(WHOLE[3])}')")


def test_a_point_of_the_scatter_plot_chooses_its_curves(browser: Any, rich: Served) -> None:
    with opened(browser, f"{rich.url}/sweeps/searched") as page:
        page.wait_for_selector("#scatter circle")
        expect(page.locator("#scatter circle")).to_have_count(5)
        page.locator("#scatter-controls select").first.select_option("best")
        assert "sx=best" in page.url
        page.locator("#scatter circle").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelectorAll('#legend input:checked').length === 1")
        page.locator("#parallel path").last.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelectorAll('#legend input:checked').length === 1")


def test_exported_pages_have_everything_but_actions(browser: Any, rich: Served, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    export_pages(LiveStore(rich.live.store), folder)
    with opened(browser, (folder / "sweeps" / "synthetic.html").as_uri()) as page:
        page.wait_for_selector("#logit-chart canvas")
        for quantity in ("kwh", "hours"):
            page.locator("#curve-controls select").nth(1).select_option(quantity)
            page.wait_for_selector("#chart canvas")
        page.locator("#logit-controls input[type=range]").focus()
        page.keyboard.press("Home")
        expect(page).to_have_url(re.compile("lkimg=4"))
        expect(page.locator("#claims tbody tr")).to_have_count(3)
        page.goto((folder / "sweeps" / "searched.html").as_uri())
        expect(page.locator("#scatter circle")).to_have_count(5)
        page.get_by_role("link", name="Machine").click()
        page.wait_for_url("**/machine.html")
        expect(page.locator("button:has-text('Examine')")).to_have_count(0)
        page.locator("td a, th a").first.click()
        page.wait_for_selector("#grid")
