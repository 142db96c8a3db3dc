"""`make docs` builds a site without a broken link, which loads nothing from other hosts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\bsrc=\"?(https?:)?//|<link[^>]*\brel=\"?(?:stylesheet|preconnect|icon)[^>]*href=\"?(https?:)?//"
)
"""What a browser fetches from another host."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    pytest.importorskip("mkdocs", reason="needs requirements-docs.lock: make docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_its_pages(site: Path) -> None:
    names = ("index", "tour", "commands", "keys", "python", "http", "notebooks/few_images", "results/index")
    assert [name for name in names if not (site / f"{name}.html").is_file()] == []


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    assert [path for path in site.rglob("*.html") if LOADED.search(path.read_text(encoding="utf-8"))] == []


def test_the_python_page_documents_the_public_methods(site: Path) -> None:
    page = (site / "python.html").read_text(encoding="utf-8")
    assert [name for name in ("runs", "curves", "claims", "figure", "open_store") if f".{name}" not in page] == []
