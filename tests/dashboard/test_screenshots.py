"""The pictures of docs/images, of sweeps that were trained on a laptop; `make screenshots` makes them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from orchestrator.commands.unpack import unpack
from tests.dashboard.browsing import opened
from tests.dashboard.serving import Served, served

ROOT = Path(__file__).parents[2]
PACKS = [ROOT / "docs" / "results" / "packs" / f"laptop_{name}-laptop.zip" for name in ("few_images", "fixed_p")]
SWEEP = "sweeps/laptop_few_images-laptop"
MOST_BYTES = 150_000
PICTURES = {
    "dashboard-sweeps": ("", "h1", "light", 390),
    "dashboard-grid": (SWEEP, "h1", "light", 640),
    "dashboard-curves": (SWEEP, "h2:text('Curves')", "dark", 670),
    "dashboard-claims": (SWEEP, "h2:text('Claims')", "light", 880),
    "dashboard-samples": ("trials/e272cd7b925c", "h1", "light", 700),
}
"""Of each picture: the page, what stands at its top, the colours, and the height in pixels."""
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The dashboard of two of the sweeps of docs/results."""
    store = ResultStore(tmp_path_factory.mktemp("laptop") / "store")
    assert [unpack(pack, store.path) for pack in PACKS] == [0, 0]
    collect(store)
    with served(store) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: ADASWEEP_IMAGES, if that names a folder."""
    asked = os.environ.get("ADASWEEP_IMAGES")
    return Path(asked) if asked else tmp_path_factory.mktemp("images")


@pytest.mark.parametrize("name", list(PICTURES))
def test_a_picture_for_the_documents_is_small(browser: Any, laptop: Served, folder: Path, name: str) -> None:
    path, top, scheme, height = PICTURES[name]
    with opened(browser, f"{laptop.url}/{path}", color_scheme=scheme) as page:
        page.wait_for_selector("#live:has-text('live')")
        page.wait_for_function("() => [...document.images].every((one) => one.loading === 'lazy' || one.complete)")
        page.locator(top).first.evaluate("(one) => window.scrollTo(0, one.getBoundingClientRect().top - 80)")
        page.wait_for_timeout(300)
        clip = {"x": 0, "y": 0, "width": 1280, "height": height}
        picture = page.screenshot(path=folder / f"{name}.png", clip=clip)
    assert len(picture) < MOST_BYTES


def test_every_picture_of_the_documents_is_made_here() -> None:
    assert {path.stem for path in (ROOT / "docs" / "images").glob("*.png")} == set(PICTURES)
