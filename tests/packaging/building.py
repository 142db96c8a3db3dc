"""Building wheels and source archives of this checkout, and empty environments to install them into."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pydantic

ROOT = Path(__file__).parents[2]
OWN = ("orchestrator", "trainer", "analysis", "infra", "sweeps")
OTHERS = ("pyproject.toml", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


def copied_sources(place: Path) -> Path:
    """Return a copy of the wheel's sources, so that building leaves nothing in the checkout."""
    target = place / "sources"
    target.mkdir()
    for name in OWN:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHERS:
        shutil.copyfile(ROOT / name, target / name)
    return target


def environment(place: Path) -> Path:
    """Return the Python of a new environment without adasweep, which sees the packages of these tests."""
    venv.create(place / "venv", with_pip=False)
    (site,) = (place / "venv" / "lib").glob("python*/site-packages")
    for entry in Path(pydantic.__file__).parents[1].iterdir():
        if "adasweep" not in entry.name and entry.name not in OWN and entry.suffix != ".pth":
            (site / entry.name).symlink_to(entry)
    return place / "venv" / "bin" / "python"


def install(python: Path, built: Path, *options: str, **variables: str) -> str:
    """Install a wheel or source archive, without its dependencies, and return what pip and the build print."""
    command = [*PIP[:-1], "--python", str(python), "install", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, *options, str(built)], check=False, capture_output=True, text=True, env={**os.environ, **variables}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


AVX2_ALONE = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
"""Variables that restrict torch, its libraries and the compiled operations to AVX2."""


def adasweep(command: Path, folder: Path, *words: str, **variables: str) -> str:
    """Run the installed command where there is no compiler and nothing compiled earlier; return what it prints."""
    alone = {"PATH": str(command.parent), "HOME": str(folder), **variables}
    words = (str(command), *words)
    done = subprocess.run(words, cwd=folder, env=alone, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    return done.stdout
