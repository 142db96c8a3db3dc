"""The installed wheel, without a checkout, contains commands, sweeps, data and templates."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.data.pictures import zip_set
from tests.packaging.building import AVX2_ALONE, PIP, ROOT, adasweep, copied_sources, environment, install
from trainer.ops.build.place import CAPABILITY, variant
from trainer.ops.build.toolchain import cxx


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it into an empty environment that sees these tests' packages, and return its command."""
    place = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place), str(copied_sources(place))]
    subprocess.run([*PIP, *build], check=True, env={**os.environ, "ADASWEEP_WHEEL_OPS": "cpu"})
    (wheel,) = place.glob("adasweep-*.whl")
    python = environment(place)
    assert not [name for name in ("c++", "g++", "clang++") if shutil.which(name, path=str(python.parent))]
    install(python, wheel, PATH=str(python.parent), CXX="")
    return python.with_name("adasweep")


def test_bundled_sweeps_are_listed_copied_and_planned(installed: Path, tmp_path: Path) -> None:
    assert "ada/fig7_training_set" in adasweep(installed, tmp_path, "sweeps")
    adasweep(installed, tmp_path, "sweeps", "copy", "ada/fig7", ".")
    original = ROOT / "sweeps" / "ada" / "fig7_training_set.yaml"
    assert (tmp_path / original.name).read_bytes() == original.read_bytes()


def test_a_paper_is_planned_for_a_laptop_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    zip_set(tmp_path / "store" / "data" / "satellite16.zip", 1400, side=16)
    planned = adasweep(installed, tmp_path, "plan", "ada/fig7", "--tier", "laptop")
    assert "60 trials (12 cells × 5 seeds): 60 new" in planned


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
    assert {record["ops"].split()[0] for record in records} == {"native" if operations({}) else "reference"}


@pytest.mark.parametrize("variables", [{}, AVX2_ALONE], ids=["all instructions", "AVX2 alone"])
def test_the_version_names_the_operations_that_came_along(
    installed: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    version, cpu, cuda = adasweep(installed, tmp_path, "--version", **variables).splitlines()
    assert version.startswith("adasweep 0.")
    assert cpu.startswith(f"cpu operations: {operations(variables) or 'not built'}")
    assert cuda.startswith("cuda operations: not built")


def operations(variables: dict[str, str]) -> str:
    """Return the beginning of the name of the wheel's operations for this processor; "" if there are none."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(CAPABILITY, raising=False)
        for name, value in variables.items():
            patched.setenv(name, value)
        return f"native {found}" if cxx() and (found := variant()) else ""
