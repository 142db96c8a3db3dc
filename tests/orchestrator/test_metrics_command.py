"""Evaluation jobs: created by training or `adasweep metrics`, run once, given up after repeated failures."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.layout import Store
from tests.orchestrator.test_run import ONE, actions, adasweep, runs
from trainer.files import read_lines

pytestmark = pytest.mark.usefixtures("scripted")
Write = Callable[[str], Path]

LATER = ONE + "watch: {evaluation: later}\n"


def jobs(store: Store) -> list[list[str]]:
    return [[json.loads(run.job(number).read_text())["work"] for number in run.attempts()] for run in runs(store)]


def test_training_hands_its_snapshots_over_to_an_evaluation(store: Store, sweep_file: Write) -> None:
    file = sweep_file(LATER)
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    assert jobs(store) == [["train", "evaluate"]]
    (run,) = runs(store)
    assert [row["kimg"] for row in read_lines(run.metrics)] == [0.5, 1.0]
    assert actions(store, file) == {"reuse": 1}

    longer = sweep_file(LATER.replace("horizon_kimg: 1", "horizon_kimg: 1.5"))
    assert actions(store, longer) == {"extend": 1}
    assert adasweep(store, "run", longer, "--no-record").returncode == 0
    assert jobs(store) == [["train", "evaluate", "train", "evaluate"]]
    assert max(row["kimg"] for row in read_lines(run.metrics)) == 1.5


def test_more_numbers_are_measured_on_request_and_once(store: Store, sweep_file: Write) -> None:
    file = sweep_file(LATER)
    untrained = adasweep(store, "metrics", file, "--no-record")
    assert untrained.returncode == 0
    assert "warning: 1 trial is not measured: never run" in untrained.stderr
    assert list(store.ids()) == [], "nothing is trained"
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    plan = store.plan("test").read_text()
    words = ("metrics", file, "--no-record", "--metrics", "fid2k,ppl2k_wend", "--seeds", 2, "--probes", "trgb,leak-50")
    shown = adasweep(store, *words, "--dry-run")
    assert shown.stdout.count("orchestrator.supervise") == 1
    for _ in range(2):
        done = adasweep(store, *words)
        assert done.returncode == 0, done.stderr
        assert jobs(store) == [["train", "evaluate", "evaluate"]]
        assert "not measured" not in done.stderr
    (run,) = runs(store)
    seeds = {row["seed"] for row in read_lines(run.metrics) if row["metric"] == "ppl2k_wend-stlpips"}
    assert seeds == {0, 1}
    assert run.probed() == [(name, images) for name in ("leak-50", "trgb") for images in (500, 1000)]
    assert store.plan("test").read_text() == plan
    assert actions(store, file) == {"reuse": 1}


def test_trials_without_snapshots_are_named_as_not_measured(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    done = adasweep(store, "metrics", file, "--no-record", "--metrics", "kid2k")
    assert "warning: 1 trial is not measured: has no snapshots" in done.stderr


def test_names_that_do_not_exist_are_refused(store: Store, sweep_file: Write) -> None:
    for option, wrong in (("--metrics", "fdi2k"), ("--probes", "jacobin"), ("--detector", "light0")):
        refused = adasweep(store, "metrics", sweep_file(LATER), option, wrong)
        assert (refused.returncode, "did you mean" in refused.stderr) == (2, True)


def test_an_evaluation_that_cannot_succeed_is_given_up_and_can_be_retried(store: Store, sweep_file: Write) -> None:
    file = sweep_file(LATER.replace("seeds: [0]", "seeds: [17]"))
    assert adasweep(store, "run", file, "--no-record").returncode == 3
    assert jobs(store) == [["train", "evaluate"]]
    assert actions(store, file) == {"blocked": 1}
    reported = json.loads(adasweep(store, "plan", file, "--json").stdout)["cells"][0]["reason"]
    assert "its evaluation failed: detector: no such file" in reported
    assert adasweep(store, "retry", "test").returncode == 0
    assert actions(store, file) == {"evaluate": 1}


def test_what_cannot_be_measured_is_refused_before_anything_starts(store: Store, sweep_file: Write) -> None:
    file = sweep_file(LATER)
    wrong = {
        ("--metrics", "fid2k,is5"): "command line: --metrics: is5 is undefined: 5 generated: too few for 10 splits",
        ("--detector", "inception:/nowhere.pt"): "command line: --detector: there is no file '/nowhere.pt'",
        (
            "--metrics",
            "ppl50_wend",
            "--distance",
            "vgg16:/no.pt",
        ): "command line: --distance: there is no file '/no.pt'",
    }
    for words, reported in wrong.items():
        refused = adasweep(store, "metrics", file, *words)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert reported in refused.stderr
    assert not (store.root / "trials").exists()
