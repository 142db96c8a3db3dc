"""A sweep that is extended: only the difference is run, as planned."""

import json
import subprocess
from pathlib import Path

import pytest

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module
from tests.orchestrator.attempts import kimgs

SWEEP = """
sweep: grows
base: {{preset: tiny32, data: tiny, batch: 20, micro_batch: 20}}
grid:
  data.subset: [20, 30, 40, 50]
seeds: {seeds}
horizon_kimg: {horizon}
metrics: [fid2k]
"""


def adasweep(store: Store, *words: str) -> "subprocess.CompletedProcess[str]":
    line = [*python_module("orchestrator"), *words, "--store", str(store.root)]
    return subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=600, check=False)


def write(folder: Path, seeds: int, horizon: float) -> str:
    file = folder / "grows.yaml"
    file.write_text(SWEEP.format(seeds=seeds, horizon=horizon))
    return str(file)


def carried_out(store: Store, file: str) -> dict[str, int]:
    """Plan a sweep, run it, and return the planned actions."""
    plan = json.loads(adasweep(store, "plan", file, "--json").stdout)
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    reported = done.stderr.splitlines()[0]
    assert all(f"{count} {action}" in reported for action, count in plan["actions"].items()), reported
    return dict(plan["actions"])


def rows(store: Store) -> dict[str, list[float]]:
    return {trial: kimgs(store.run(trial).ticks) for trial in store.ids()}


@pytest.mark.usefixtures("scripted")
def test_from_12_to_20_trials_and_from_8_to_12_only_the_difference_is_run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.001")
    assert carried_out(store, write(tmp_path, 3, 0.8)) == {"new": 12}
    first = rows(store)
    assert carried_out(store, write(tmp_path, 5, 0.8)) == {"new": 8, "reuse": 12}
    assert {trial: kimg for trial, kimg in rows(store).items() if trial in first} == first
    assert carried_out(store, write(tmp_path, 5, 1.2)) == {"extend": 20}
    assert set(map(tuple, rows(store).values())) == {tuple(round(0.1 * step, 3) for step in range(1, 13))}
