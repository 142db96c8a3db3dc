"""Small random sweeps that are run: `run`, and every command that reads its store, ends with 0, 2 or 3."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from orchestrator.store.layout import Store
from tests.orchestrator.test_run import adasweep
from tests.support.fuzzing import LASTING, fuzz_for

pytestmark = pytest.mark.usefixtures("scripted")

SEEDS = st.sampled_from([0, 1, 13, 14, 15, 17, 20, 24])
"""Seeds by which the scripted worker behaves, crashes, makes a user error, is killed, or fails an evaluation."""

Fuzzed = Callable[[Any], None]
KIMG = st.sampled_from([0.1, 0.3, 0.5, 0.7, 1])
STOPS = st.sampled_from(
    [None, "median", {"type": "plateau", "within_kimg": 0.1}, {"type": "asha", "first_kimg": 0.1, "factor": 2}, "soon"]
)
BASE = {"preset": "tiny32", "data": "tiny", "batch": 20, "micro_batch": 20}
OPTIONAL = {
    "grid": st.sampled_from(
        [{"augment": ["none", "ada"]}, {"data.subset": [20, 600]}, {"augment": []}, {"batch": [0]}]
    ),
    "metrics": st.sampled_from([["fid2k"], ["fid50", "is20"], ["is5"], []]),
    "score": st.sampled_from(["fid2k", "is20", "kid50"]),
    "stop": STOPS,
    "attempts": st.sampled_from([1, 2, 3]),
    "resources": st.sampled_from([{"cpus": 1}, {"cpus": 99}, {"gpus": 1}, {"memory_gib": 0.5}]),
    "watch": st.sampled_from([{"evaluation": "later"}, {"evaluate_every_kimg": 0.1}, {"tick_kimg": 0}]),
    "claims": st.sampled_from([["ada < baseline"], ["prose: yes"], ["<"]]),
    "budget": st.sampled_from([{"cpu_hours": 1000}, {"cpu_hours": 1e-9}]),
    "exclude": st.sampled_from([[{"augment": "ada"}], [{"augment": "adaa"}]]),
}
SWEEPS = st.fixed_dictionaries(
    {"seeds": st.lists(SEEDS, min_size=1, max_size=2, unique=True), "horizon_kimg": KIMG}, optional=OPTIONAL
).map(lambda chosen: {"sweep": "fuzzed", "base": BASE, **chosen})


@pytest.fixture
def run_fuzzed(store: Store) -> Fuzzed:
    """Return a function that runs a sweep file in an empty store, and checks the result of every command."""

    def run(content: Any) -> None:
        for made in ("trials", "sweeps", "tables"):
            shutil.rmtree(store.root / made, ignore_errors=True)
        file = store.root.parent / "fuzzed.yaml"
        file.write_text(json.dumps(content), encoding="utf-8")
        judge(store, 0, 2)("plan", file)
        code = judge(store, 0, 2, 3)("run", file, "--no-record", "--cpus", 2)
        assert (code == 2) == (not (store.root / "trials").exists())
        if code != 2:
            judge(store, code)("run", file, "--no-record", "--cpus", 2)
            for words in (("status", "fuzzed"), ("plan", "fuzzed"), *asked_of_trials(store)):
                judge(store, 0)(*words)
            judge(store, 0, 2)("cancel", "fuzzed")

    return run


def asked_of_trials(store: Store) -> list[tuple[str, str]]:
    return [(command, trial) for command in ("why", "logs") for trial in store.ids()]


def judge(store: Store, *allowed: int) -> Callable[..., int]:
    """Return a function that runs a command and asserts an allowed exit code without a traceback."""

    def command(*words: object) -> int:
        done = adasweep(store, *words)
        assert done.returncode in allowed, (words, done.returncode, done.stderr)
        assert (done.returncode == 2) == ("adasweep: error: " in done.stderr)
        assert "Traceback" not in done.stderr
        return done.returncode

    return command


@LASTING
def test_a_run_of_any_sweep_is_done_refused_or_says_what_failed(run_fuzzed: Fuzzed, seconds: float) -> None:
    fuzz_for(seconds, SWEEPS, run_fuzzed)
