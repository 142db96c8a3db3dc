"""Sweeps whose runs start from others, from end to end: real processes, only the worker keeps to a script."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.layout import Store
from tests.orchestrator.attempts import let_go, workers_of
from tests.orchestrator.test_run import adasweep, is_at_hold, start, until
from trainer.config.job import read_job
from trainer.errors import ExitCode
from trainer.files import read_lines
from trainer.record import RunDir

pytestmark = pytest.mark.usefixtures("scripted")
Write = Callable[[str], Path]

WATCH = "horizon_kimg: 1\nmetrics: []\nwatch: {evaluation: later}\n"
BASE = "base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}\n"
OTHER = f"sweep: other\n{BASE}{WATCH}cells: {{a: {{augment: none}}}}\nseeds: [SEED]\n"
SWEEP = f"""sweep: test
{BASE}{WATCH}cells:
  b: {{transfer: {{sweep: other.yaml, cell: a}}}}
  c: {{transfer: {{cell: b}}, augment: ada}}
seeds: [0, 1]
"""


@pytest.fixture
def write(sweep_file: Write, tmp_path: Path) -> Callable[[int], Path]:
    """A function that writes a sweep whose runs start, one after the other, from a run with this seed."""

    def written(seed: int) -> Path:
        (tmp_path / "other.yaml").write_text(OTHER.replace("SEED", str(seed)))
        return sweep_file(SWEEP)

    return written


def by_cell(store: Store) -> dict[str, RunDir]:
    plan = json.loads(store.plan("test").read_text())
    return {f"{run['cell']}{run['seed']}": store.run(run["trial"]) for run in (*plan["sources"], *plan["cells"])}


def began(run: RunDir) -> float:
    return float(next(read_lines(run.ticks))["time"])


def test_each_run_starts_once_its_source_is_done(store: Store, write: Callable[[int], Path]) -> None:
    file = write(0)
    done = adasweep(store, "run", file, "--no-record", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["trials"]
    assert [trial["cell"] for trial in told] == ["other: a", "b", "b", "c", "c"]
    assert {trial["state"] for trial in told} == {"done"}
    runs = by_cell(store)
    for source, dependent in (("other: a0", "b0"), ("other: a0", "b1"), ("b0", "c0"), ("b0", "c1")):
        assert runs[source].record(1).stat().st_mtime <= began(runs[dependent]) + 0.5
        job = read_job(runs[dependent].job(1))
        assert job
        assert job.options.transfer_path == runs[dependent].start.resolve()
    assert runs["b0"].start.stat().st_ino == runs["other: a0"].snapshot(1000).stat().st_ino
    assert "5 reuse" in adasweep(store, "run", file, "--no-record").stderr


def test_whoever_runs_the_sources_first_the_other_reuses_them(store: Store, write: Callable[[int], Path]) -> None:
    file = write(0)
    assert adasweep(store, "run", file.with_name("other.yaml"), "--no-record").returncode == 0
    plan = json.loads(adasweep(store, "plan", file, "--json").stdout)
    assert plan["actions"] == {"new": 2, "wait": 2, "reuse": 1}
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert "1 reuse" in adasweep(store, "run", file.with_name("other.yaml"), "--no-record").stderr


@pytest.mark.parametrize("way_out", [("horizon_kimg: 1", "horizon_kimg: 2"), ("seeds: [0]", "seeds: [1]")])
def test_a_source_that_was_trained_past_the_moment_blocks_and_both_ways_out_work(
    store: Store, write: Callable[[int], Path], way_out: tuple[str, str]
) -> None:
    file = write(0)
    other = file.with_name("other.yaml")
    text = other.read_text()
    other.write_text(text.replace("horizon_kimg: 1", "horizon_kimg: 2"))
    assert adasweep(store, "run", other, "--no-record").returncode == 0
    (trial,) = store.ids()
    store.run(trial).snapshot(1000).unlink(missing_ok=True)
    other.write_text(text)
    told = " ".join(one["reason"] for one in json.loads(adasweep(store, "plan", file, "--json").stdout)["cells"])
    assert "2 kimg: end it there (horizon_kimg of its cell), or give it another seed" in told
    other.write_text(text.replace(*way_out))
    assert adasweep(store, "run", file, "--no-record").returncode == 0


def test_a_source_that_is_gone_is_trained_again_only_for_what_has_to_start_from_it(
    store: Store, write: Callable[[int], Path]
) -> None:
    file = write(0)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    runs = by_cell(store)
    source = runs["other: a0"]
    shutil.rmtree(source.path)
    assert json.loads(adasweep(store, "plan", file, "--json").stdout)["actions"] == {"reuse": 5}
    (place,) = json.loads(adasweep(store, "why", source.path.name, "--json").stdout)["sweeps"]
    assert (place["action"], place["reason"]) == ("reuse", "not needed: nothing has yet to start from it")
    states = json.loads(adasweep(store, "status", "test", "--json").stdout)["sweeps"][0]["trials"]
    assert (states[0]["state"], states[0]["doing"]) == ("unneeded", "not needed: nothing has yet to start from it")
    assert "5 reuse" in adasweep(store, "run", file, "--no-record").stderr
    assert not source.path.exists()
    shutil.rmtree(runs["b1"].checkpoints)
    runs["b1"].start.unlink()
    file.write_text(file.read_text().replace("horizon_kimg: 1", "horizon_kimg: 2"))
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert source.attempts() == [1]
    assert runs["b1"].attempts() == [1, 2]
    assert runs["b1"].start.is_file()


def test_a_source_that_failed_blocks_with_its_reason(store: Store, write: Callable[[int], Path]) -> None:
    done = adasweep(store, "run", write(14), "--no-record")
    assert done.returncode == ExitCode.SOME_FAILED
    runs = by_cell(store)
    assert "is blocked: failed: data: no such folder" in done.stderr
    states = json.loads(adasweep(store, "status", "test", "--json").stdout)["sweeps"][0]["trials"]
    assert ["is blocked" in one["wrong"] for one in states] == [False, True, True, True, True]
    (place,) = json.loads(adasweep(store, "why", runs["other: a14"].path.name, "--json").stdout)["sweeps"]
    assert (place["sweep"], place["action"]) == ("test", "blocked")
    assert not runs["b0"].path.exists()


def test_a_detached_run_submits_the_rest_when_the_command_is_repeated(
    store: Store, write: Callable[[int], Path]
) -> None:
    file = write(100)
    first = adasweep(store, "run", file, "--no-record", "--detach")
    assert first.returncode == ExitCode.RUN_AGAIN
    assert "1 trial submitted" in first.stderr
    assert "4 trials waiting for a source" in first.stderr
    run = by_cell(store)["other: a100"]
    until(lambda: is_at_hold(run))
    waiting = json.loads(adasweep(store, "status", "test", "--json").stdout)["sweeps"][0]["trials"]
    assert [one["state"] for one in waiting] == ["running", *["waiting"] * 4]
    assert "waits for its source" in waiting[1]["doing"]
    let_go(run)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert all(run.attempts() == [1] for run in by_cell(store).values())


def test_killing_the_command_and_the_source_and_repeating_it_continues(
    store: Store, write: Callable[[int], Path]
) -> None:
    file = write(100)
    command = start(store, "run", file, "--no-record")
    until(lambda: store.plan("test").exists() and is_at_hold(by_cell(store)["other: a100"]))
    run = by_cell(store)["other: a100"]
    command.kill()
    command.communicate()
    for worker in workers_of(run):
        worker.kill()
    let_go(run)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert by_cell(store)["c1"].start.read_text() == "{}"
    assert {name: run.attempts() for name, run in by_cell(store).items() if name != "other: a100"} == {
        name: [1] for name in ("b0", "b1", "c0", "c1")
    }


def test_cancel_and_retry_of_a_sweep_concern_its_sources(store: Store, write: Callable[[int], Path]) -> None:
    file = write(100)
    adasweep(store, "run", file, "--no-record", "--detach")
    until(lambda: is_at_hold(by_cell(store)["other: a100"]))
    assert "1 trial cancelled" in adasweep(store, "cancel", "test").stdout
    run = by_cell(store)["other: a100"]
    until(lambda: not workers_of(run))
    blocked = adasweep(store, "run", file, "--no-record")
    assert blocked.returncode == ExitCode.SOME_FAILED
    assert "is blocked: cancelled" in blocked.stderr
    assert "1 trial will be resumed" in adasweep(store, "retry", "test").stdout
    let_go(run)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
