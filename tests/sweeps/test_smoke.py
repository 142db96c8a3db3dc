"""The smoke tier of every sweep runs with real training, and its figures are drawn from those runs.

All sweeps share one store, so that reference features are computed once. ADASWEEP_SMOKE_STORE keeps it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sweeps.planned import OF_PAPERS, SWEEPS, read

SAMPLE = "ada/fig6_ada_sizes"
DATA = "fashion-mnist-10k"
RUN_SECONDS = 1500


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a store that contains the demo data."""
    kept = os.environ.get("ADASWEEP_SMOKE_STORE")
    directory = Path(kept).absolute() if kept else tmp_path_factory.mktemp("smoke")
    shutil.copytree(SWEEPS, directory / "sweeps", dirs_exist_ok=True)
    if not (directory / "store" / "data" / f"{DATA}.zip").exists():
        python(directory, "trainer", "data", "get", DATA)
    return directory


def python(directory: Path, package: str, *words: str) -> str:
    """Run `python -m package words...` and return what it printed."""
    environment = {**os.environ, "ADASWEEP_STORE": str(directory / "store"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", package, *words]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def check(directory: Path, name: str) -> None:
    """Run the smoke tier of a sweep, draw its figures, and verify them against the runs."""
    file = directory / "sweeps" / f"{name}.yaml"
    python(directory, "orchestrator", "run", str(file), "--tier", "smoke", "--no-record")
    sweep = read(name, "smoke")
    python(directory, "analysis", "figures", "draw", sweep.key)
    for figure in sweep.spec.figures:
        for kind in ("pdf", "png", "csv"):
            made = directory / "store" / "figures" / sweep.key / f"{figure}.{kind}"
            assert made.stat().st_size > 0
        assert len(made.read_text().splitlines()) > 1, f"{figure} shows nothing"
    python(directory, "analysis", "figures", "verify", sweep.key)


def test_the_smoke_tier_of_a_sample_runs_and_is_drawn(here: Path) -> None:
    check(here, SAMPLE)


@pytest.mark.sweeps
@pytest.mark.timeout(RUN_SECONDS)
@pytest.mark.parametrize("name", OF_PAPERS)
def test_the_smoke_tier_runs_and_is_drawn(here: Path, name: str) -> None:
    check(here, name)
