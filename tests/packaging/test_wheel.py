"""The installed wheel, without a checkout, contains commands, sweeps, data and templates."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pydantic
import pytest

from trainer.ops.build.place import variant
from trainer.ops.build.toolchain import cxx

ROOT = Path(__file__).parents[2]
OWN = ("orchestrator", "trainer", "analysis", "infra", "sweeps")
OTHERS = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it into an empty environment that sees these tests' packages, and return its command."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place), str(copied_sources(place))]
    subprocess.run([*pip, *build], check=True, env={**os.environ, "ADASWEEP_WHEEL_OPS": "cpu"})
    (wheel,) = place.glob("adasweep-*.whl")
    venv.create(place / "venv", with_pip=False)
    python = place / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (site,) = (place / "venv" / "lib").glob("python*/site-packages")
    borrowed = Path(pydantic.__file__).parents[1]
    without_us = [entry for entry in borrowed.iterdir() if "adasweep" not in entry.name and entry.name not in OWN]
    for entry in without_us:
        if entry.suffix != ".pth" and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    return python.with_name("adasweep")


def copied_sources(place: Path) -> Path:
    """Return a copy of the wheel's sources, so that building leaves nothing in the checkout."""
    target = place / "sources"
    target.mkdir()
    for name in OWN:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHERS:
        shutil.copyfile(ROOT / name, target / name)
    return target


def adasweep(command: Path, folder: Path, *words: str) -> str:
    alone = {"PATH": str(command.parent), "HOME": str(folder)}  # no compiler, and no operations compiled earlier
    words = (str(command), *words)
    done = subprocess.run(words, cwd=folder, env=alone, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bundled_sweeps_are_listed_copied_and_planned(installed: Path, tmp_path: Path) -> None:
    assert "ada/fig7_training_set" in adasweep(installed, tmp_path, "sweeps")
    adasweep(installed, tmp_path, "sweeps", "copy", "ada/fig7", ".")
    original = ROOT / "sweeps" / "ada" / "fig7_training_set.yaml"
    assert (tmp_path / original.name).read_bytes() == original.read_bytes()


def test_the_demo_runs_from_images_to_figures(installed: Path, tmp_path: Path) -> None:
    adasweep(installed, tmp_path, "demo", "--tier", "smoke")
    assert list((tmp_path / "store" / "figures").rglob("*.png"))
    assert "done" in adasweep(installed, tmp_path, "status")
    adasweep(installed, tmp_path, "report", "demo-smoke", "--out", "report.html")
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
    adasweep(installed, tmp_path, "dashboard", "--export", "site")
    assert (tmp_path / "site" / "assets" / "bundle.js").is_file()
    assert "uPlot" in (tmp_path / "site" / "assets" / "vendor" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    records = [json.loads(path.read_text()) for path in (tmp_path / "store" / "trials").rglob("record.json")]
    assert {record["ops"].split()[0] for record in records} == {"native" if compiles() else "reference"}


def test_the_version_names_the_operations_that_came_along(installed: Path, tmp_path: Path) -> None:
    version, cpu, cuda = adasweep(installed, tmp_path, "--version").splitlines()
    assert version.startswith("adasweep 0.")
    assert cpu.startswith(f"cpu operations: {'native' if compiles() else 'not built'}")
    assert cuda.startswith("cuda operations: not built")


def compiles() -> bool:
    """Return whether the wheel has operations that this processor can run."""
    return cxx() is not None and variant() is not None
