"""Whatever is in the history of a store (estimates, times, benchmarks), `plan` and `status` give prices in numbers."""

import json
import math
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from orchestrator.cli import main
from orchestrator.plan.benchmark_file import shape_key
from orchestrator.store.layout import Store
from tests.orchestrator.test_corrupt_stores import first
from tests.orchestrator.test_corrupt_stores import whole as whole
from tests.support.fuzzing import LASTING, fuzz_for
from trainer.config.sweep_run import sweep_runs

ESTIMATE = {"seconds": 30.0, "low": 10.0, "high": 90.0, "plain": 30.0, "kind": "published", "made": 1.7e9}
RUN = {"ended": 1.7e9, "backend": "local", "attempts": 2, "seconds": 90.0, "around": 5.0, "estimate": ESTIMATE}
BENCHMARK = {"seconds_per_kimg": 9.0, "seconds_per_thousand_evaluated": 5.0, "peak_memory_gib": 1.0, "cpus": 2}
TIMES = {"began": 1.0, "started": 2.0, "ready": 5.0, "updated": 60.0}
EXTREMES = (0, 5e-324, 1e-300, 1e-9, 1, 30, 1e9, 1e11, 1e15, 1e300, 1.7e308, math.inf, math.nan, -1, 10**400)
ODD: st.SearchStrategy[Any] = st.sampled_from(EXTREMES) | st.floats() | st.sampled_from([None, True, "30", [], {}])
Change = tuple[str, str, Any]


def _of(name: str, fields: dict[str, Any]) -> st.SearchStrategy[Change]:
    return st.tuples(st.just(name), st.sampled_from(list(fields)), ODD)


RECORD = TIMES | {"kimg": 1.0, "resumed_from_kimg": 0.0, "images_per_second": 50.0, "energy": {}}
ROW = {"seconds": 1.0, "kimg": 1.0, "time": 1.7e9}
CHANGES = st.lists(
    _of("estimate", ESTIMATE) | _of("run", RUN) | _of("benchmark", BENCHMARK) | _of("record", RECORD) | _of("row", ROW),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Store:
    shutil.copytree(whole / "store", tmp_path / "store")
    (tmp_path / "longer.yaml").write_text(
        (whole / "two.yaml").read_text().replace("horizon_kimg: 1", "horizon_kimg: 2")
    )
    return Store(tmp_path / "store")


def remember(store: Store, whole: Path, changes: list[Change]) -> None:
    """Give a store a history: an attempt with its estimate, a run of the sweep, a benchmark; each with some changes."""
    run = first(store)
    shutil.rmtree(run.path)
    shutil.copytree(whole / "store" / run.path.relative_to(store.root), run.path)
    parts: dict[str, dict[str, Any]] = {
        "estimate": dict(ESTIMATE),
        "run": dict(RUN),
        "benchmark": dict(BENCHMARK),
        "record": json.loads(run.record(1).read_text()) | RECORD,
        "row": json.loads(run.metrics.read_text().splitlines()[-1]) | ROW,
    }
    for name, field, value in changes:
        parts[name][field] = value
    job = json.loads(run.job(1).read_text()) | {"estimate": parts["estimate"], "submitted": 1.0}
    run.job(1).write_text(json.dumps(job))
    run.record(1).write_text(json.dumps(parts["record"]))
    run.metrics.write_text(json.dumps(parts["row"]) + "\n")
    store.plan("two").with_name("runs.jsonl").write_text(json.dumps(parts["run"]) + "\n")
    config = store.config(run.path.name)
    assert config
    path = store.benchmarks / socket.gethostname() / f"{shape_key(config)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(parts["benchmark"]))


@pytest.mark.parametrize("field", ["ended", "seconds", "around"])
def test_a_run_of_more_seconds_than_can_be_measured_is_passed_over(tmp_path: Path, field: str) -> None:
    (tmp_path / "runs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in (RUN | {field: 1.7e308}, RUN)))
    assert [run.model_dump() for run in sweep_runs(tmp_path / "runs.jsonl")] == [RUN]


@LASTING
def test_no_history_is_too_odd_for_a_price(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str], seconds: float
) -> None:
    files = (store.root.parent / "longer.yaml", "two")

    def judge(changes: list[Change]) -> None:
        remember(store, whole, changes)
        for words in *(("plan", str(file)) for file in files), ("status", "two"):
            code = main([*words, "--store", str(store.root)])
            out, err = capfd.readouterr()
            assert (code, "Traceback" in err) == (0, False), (words, err)
            assert not {"nan", "inf"} & set(out.replace("(", " ").replace(",", " ").split()), out

    fuzz_for(seconds, CHANGES, judge)
