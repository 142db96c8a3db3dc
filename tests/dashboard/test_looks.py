"""Every page as people see it: wide and narrow, light and dark, with assistive technology, without a mouse.

Pictures are left in ADASWEEP_SCREENSHOTS, if that names a folder, to be looked at.
"""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from analysis.synthetic_store import id_of
from tests.analysis.stores import WHOLE
from tests.dashboard.browsing import opened
from tests.dashboard.serving import Served

pytestmark = pytest.mark.xdist_group("browser")
PAGES = {
    "sweeps": "",
    "sweep": "sweeps/synthetic",
    "search": "sweeps/searched",
    "trial": f"trials/{id_of(WHOLE[3])}",
    "figures": "figures",
    "energy": "energy",
    "machine": "machine",
    "api": "api",
    "missing": "sweeps/nowhere",
}
SERIOUS = ("serious", "critical")
VIOLATIONS = "async () => (await axe.run()).violations.map((one) => [one.impact, one.id, one.nodes[0].html])"
UNREACHED = """() => {
  const able = [...document.querySelectorAll("a[href], button, select, input, summary, [tabindex='0']")];
  const missed = (one) => one.checkVisibility() && !one.disabled && !window.reached.has(one);
  return able.filter(missed).map((one) => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for pictures of the pages."""
    asked = os.environ.get("ADASWEEP_SCREENSHOTS")
    folder = Path(asked) if asked else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", [name for name in PAGES if name != "missing"])
def test_a_page_fits_its_window(browser: Any, rich: Served, pictures: Path, name: str, width: int, scheme: str) -> None:
    with opened(browser, f"{rich.url}/{PAGES[name]}", width, color_scheme=scheme) as page:
        page.wait_for_selector("#live:has-text('live')")
        page.wait_for_function("() => [...document.images].every((one) => one.loading === 'lazy' || one.complete)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        assert dark == (scheme == "dark")
        picture = page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
    assert len(picture) > 5000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", list(PAGES))
def test_axe_finds_nothing_serious(browser: Any, rich: Served, name: str, width: int, scheme: str) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    address = f"{rich.url}/{PAGES[name]}"
    with browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#live:has-text('live')")
        page.evaluate(axe)
        found = page.evaluate(VIOLATIONS)
    assert [one for one in found if one[0] in SERIOUS] == []


@pytest.mark.parametrize("name", ["sweep", "search", "trial", "figures", "machine"])
def test_whatever_can_be_used_is_reached_by_keyboard(browser: Any, rich: Served, name: str) -> None:
    with opened(browser, f"{rich.url}/{PAGES[name]}") as page:
        page.wait_for_selector("#live:has-text('live')")
        page.evaluate("window.reached = new Set()")
        page.evaluate("document.addEventListener('focusin', (event) => window.reached.add(event.target))")
        for _ in range(400):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
        assert page.evaluate(UNREACHED) == []
