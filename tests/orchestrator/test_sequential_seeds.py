"""Sequential seeds from plan to verdict: all processes are real except the worker, which is scripted."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.dispatch.planner import Request, plan_sweep
from orchestrator.errors import SweepError, require_none
from orchestrator.plan.plan_file import stored_plan
from orchestrator.store.layout import Store
from orchestrator.sweep.reader import Sweep
from tests.orchestrator.test_run import adasweep, runs, start, until

pytestmark = pytest.mark.usefixtures("scripted")
Read = Callable[..., Sweep]
Write = Callable[[str], Path]

SEQUENTIAL = """\
sweep: seq
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
cells:
  baseline: {augment: none}
  ada: {augment: ada}
  more: {augment: ada, augment.target: 0.7}
seeds: {from: 3, to: 6, until: claims}
horizon_kimg: 1
metrics: [fid2k]
claims:
  - ada < baseline
"""
LOW, HIGH = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [11.0, 12.0, 13.0, 14.0, 15.0, 16.0]


def scores(monkeypatch: pytest.MonkeyPatch, **by_augment: list[float]) -> None:
    monkeypatch.setenv("ADASWEEP_SCORES", json.dumps(by_augment))


def seeds_of(store: Store) -> dict[str, int]:
    plan = stored_plan(store, "seq")
    assert plan is not None
    return dict(Counter(run.cell for run in plan.cells))


def judged(store: Store) -> dict[str, Any]:
    found = json.loads(adasweep(store, "claims", "seq", "--json").stdout)["tested"]
    assert len(found) == 1
    return dict(found[0])


def test_seeds_are_added_to_the_cells_of_a_claim_until_it_is_decided(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores(monkeypatch, none=HIGH, ada=LOW)
    file = sweep_file(SEQUENTIAL)
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    assert "UNDECIDED with 3 seeds, goes on with 4: ada < baseline" in done.stderr
    assert "2 runs added for undecided claims" in done.stderr
    assert "PASS with 4 seeds: ada < baseline" in done.stderr
    assert seeds_of(store) == {"baseline": 4, "ada": 4, "more": 3}
    assert len(runs(store)) == 11
    found = judged(store)
    assert (found["verdict"], found["stage"]) == ("PASS", {"look": 2, "looks": 4, "seeds": 4, "next_seeds": None})

    again = adasweep(store, "run", file, "--no-record")
    assert again.returncode == 0
    assert "11 reuse" in again.stderr
    assert seeds_of(store) == {"baseline": 4, "ada": 4, "more": 3}
