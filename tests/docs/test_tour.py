"""The commands of the tour, in its order, as a reader would type them; the demo is run in its tier of seconds."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.report.pdf import BROWSERS
from infra.debian import CannotInstall, program

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8").partition("## Next steps")[0]
COMMAND = re.compile(r"^ {4,}(adasweep [^#\n]+)|`(adasweep [^`]+)`", re.MULTILINE)
ELSEWHERE = ("adasweep demo", "adasweep plan --benchmark", "adasweep data describe", "adasweep dashboard")
"""Commands that the tour only mentions: the demo itself, a benchmark, one that needs a file, one that never ends."""


def commands() -> list[str]:
    """Return the commands that the tour asks for, once each."""
    found = ((block or inline).strip() for block, inline in COMMAND.findall(TOUR))
    return [command for command in dict.fromkeys(found) if command not in ELSEWHERE and command.count(" ") > 0]


def adasweep(store: Path, words: list[str]) -> str:
    """Run a command of adasweep on a store; return what it printed."""
    settings = {**os.environ, "ADASWEEP_STORE": str(store), "COLUMNS": "200"}
    command = [sys.executable, "-m", "orchestrator", *words]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def test_the_tour_names_the_commands_of_its_way() -> None:
    names = {command.split()[1] for command in commands()}
    assert names >= {"data", "plan", "run", "collect", "figures", "table", "status", "why", "logs", "claims", "energy"}
    assert names >= {"report", "dashboard"}


@pytest.mark.timeout(900)  # the smallest sweep that trains, and fourteen starts of Python
@pytest.mark.xdist_group("browser")
def test_every_command_of_the_tour_works(tmp_path: Path) -> None:
    try:
        program(BROWSERS, "chromium")  # prints the report
    except CannotInstall as reason:
        pytest.skip(str(reason))
    store = tmp_path / "store"
    for command in commands():
        words = command.replace("sweeps/demo.yaml", "sweeps/demo.yaml --tier smoke").split()[1:]
        places: dict[str, Callable[[], str]] = {
            "demo": lambda: "demo-smoke",
            "TRIAL": lambda: next((store / "trials").glob("*/*")).name,
            "FILE": lambda: str(next((store / "figures" / "demo-smoke").glob("*.png"))),
            "site": lambda: str(tmp_path / "site"),
        }
        adasweep(store, [places[word]() if word in places else word for word in words])
    assert (store / "reports" / "demo-smoke.html").is_file()
    assert (tmp_path / "site" / "sweeps" / "demo-smoke.html").is_file()
