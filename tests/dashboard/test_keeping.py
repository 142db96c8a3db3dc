"""What a person does stays as it is while pages are brought up to date, and is done once."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from analysis.figures.render import render
from analysis.synthetic_store import write_store, write_trial
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.browsing import opened
from tests.dashboard.serving import TOKEN, Served, served
from trainer.record import State

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def growing(tmp_path: Path) -> ResultStore:
    """A store with two runs, a figure of them, and a run to come."""
    store = write_store(tmp_path / "store", WHOLE[:2], missing=WHOLE[2:3], step_kimg=20.0, files=False)
    render("fid_curves", *loaded(store))
    return store


def grow(store: ResultStore) -> None:
    """Let the run appear that is to come; it has diverged."""
    write_trial(store, WHOLE[2]._replace(kimg=60.0, diverged_kimg=60.0), 100.0, 20.0)


@pytest.mark.parametrize("marks", ["#scatter circle", "#parallel path"])
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_configuration_is_chosen_by_either_key_and_keeps_the_keyboard(
    browser: Any, rich: Served, marks: str, key: str
) -> None:
    with opened(browser, f"{rich.url}/sweeps/searched") as page:
        page.locator(marks).nth(1).focus()
        cell = page.evaluate("document.activeElement.dataset.cell")
        page.keyboard.press(key)
        page.wait_for_function("() => document.querySelectorAll('#legend input:checked').length === 1")
        assert page.evaluate("document.activeElement.dataset.cell") == cell
        expect(page.locator(f"{marks}[aria-pressed=true]")).to_have_count(1)
        assert f"cells={cell}" in page.url


@pytest.mark.parametrize(("place", "name"), [("synthetic#show=at", "#grid-controls"), ("synthetic", "#logit-controls")])
def test_a_slider_is_dragged_from_end_to_end(browser: Any, rich: Served, place: str, name: str) -> None:
    with opened(browser, f"{rich.url}/sweeps/{place}") as page:
        slider = page.locator(f"{name} input[type=range]")
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] - 6, middle)
        page.mouse.down()
        seen = []
        for share in (0.8, 0.6, 0.4, 0.2, 0.0):
            page.mouse.move(box["x"] + 6 + share * (box["width"] - 12), middle, steps=4)
            seen.append(int(slider.input_value()))
        page.mouse.up()
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) > 2
        assert seen[-1] == 0
        assert slider.get_attribute("aria-valuetext") == page.locator(f"{name} output").inner_text()


def test_an_action_pressed_twice_is_asked_for_once(browser: Any, tmp_path: Path) -> None:
    waiting = WHOLE[0]._replace(kimg=40.0, state=State.PREEMPTED)
    store = write_store(tmp_path / "store", [waiting], step_kimg=20.0, files=False)
    held: list[Any] = []
    with (
        served(store, may_act=True) as site,
        opened(browser, f"{site.url}/sweeps/synthetic?token={TOKEN.replace(' ', '+')}") as page,
    ):
        page.on("dialog", lambda dialog: dialog.accept())
        page.route("**/api/actions", lambda route: held.append(route))
        page.get_by_role("button", name="Cancel").click()
        page.wait_for_selector("#actions[aria-busy=true]")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Retry").click()
        page.wait_for_timeout(300)
        assert len(held) == 1
        held[0].continue_()
        page.wait_for_selector("output:has-text('1 trial cancelled')")


def test_the_outcome_of_a_verification_stays_while_others_train(browser: Any, growing: ResultStore) -> None:
    with served(growing) as site, opened(browser, f"{site.url}/figures") as page:
        page.get_by_role("button", name="Verify").click()
        page.wait_for_selector("output:has-text('agrees with its runs')")
        with page.expect_response(lambda answer: answer.url.endswith("/figures")):
            grow(growing)
        page.wait_for_timeout(300)
        assert page.locator("output").inner_text() == "agrees with its runs"


def test_a_part_that_has_the_keyboard_is_brought_up_to_date_and_keeps_it(browser: Any, growing: ResultStore) -> None:
    with served(growing) as site, opened(browser, site.url) as page:
        page.wait_for_selector("#live:has-text('live')")
        page.get_by_role("link", name="synthetic").focus()
        grow(growing)
        page.wait_for_selector("[data-region] :text('1 diverged')")
        assert page.evaluate("document.activeElement.innerText") == "synthetic"


def test_what_is_wider_than_a_telephone_says_so_and_scrolls_in_its_box(browser: Any, rich: Served) -> None:
    with opened(browser, f"{rich.url}/sweeps/searched", 390) as page:
        page.wait_for_selector("#table[data-more='more →']")
        page.evaluate("document.getElementById('table').scrollLeft = 60")
        page.wait_for_selector("#table[data-more='← more →']")
        page.evaluate("document.getElementById('table').scrollLeft = 9999")
        page.wait_for_selector("#table[data-more='← more']")
        for box in ("scatter", "parallel"):
            assert page.evaluate(f"document.getElementById('{box}').scrollWidth") <= 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_clock_asked_for_before_an_update_does_not_replace_that_of_after(browser: Any, growing: ResultStore) -> None:
    with served(growing) as site, opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#live:has-text('live')")
        held: list[Any] = []
        page.route("**/clock", lambda route: held.append(route) if not held else route.continue_())
        page.locator("#curve-controls select").nth(2).select_option("runs")
        page.locator("#curve-controls select").nth(1).select_option("hours")
        early = site.get("/api/sweeps/synthetic/clock").body.decode()
        with page.expect_response("**/clock"):
            grow(growing)
        page.wait_for_function("() => document.getElementById('chart').plot.axes[0].label === 'hours of training'")
        lines = "document.getElementById('chart').plot.series.length - 1"
        assert page.evaluate(lines) == 3
        held[0].fulfill(body=early, content_type="application/json")
        page.wait_for_timeout(300)
        page.locator("#curve-controls input").check()
        page.wait_for_function("() => document.getElementById('chart').plot.scales.y.distr === 3")
        assert page.evaluate(lines) == 3
