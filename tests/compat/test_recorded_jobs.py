"""Work started by earlier code continues: trials from their checkpoints, attempts from their queues."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.backends.ray.task import RayQueue, carry_out
from tests.compat.fake_clusters import ARRAY, ray_head
from tests.compat.recording import Copy

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def python(copy: Copy) -> Path:
    """The Python of queued jobs: ours, at the path that it had when they were submitted."""
    path = copy.root / "venv" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    path.chmod(0o755)
    return path


def states(copy: Copy, sweep: str) -> list[tuple[str, float, int]]:
    """Return state, kimg and number of attempts of a sweep's trials."""
    status = json.loads(copy.adasweep("status", sweep, "--json").stdout)
    return [(one["state"], one["kimg"], one["attempts"]) for one in status["sweeps"][0]["trials"]]


def record(copy: Copy, sweep: str, index: int, attempt: int) -> Any:
    """Return the record of an attempt at a trial of a sweep."""
    return json.loads((trial(copy, sweep, index) / "attempts" / f"{attempt:03d}" / "record.json").read_text())


def trial(copy: Copy, sweep: str, index: int) -> Path:
    """Return the directory of a trial by its index in the sweep's plan."""
    name: str = json.loads((copy.store / "sweeps" / sweep / "plan.json").read_text())["cells"][index]["trial"]
    return copy.store / "trials" / name[:2] / name


def ran(copy: Copy, *words: object, **more: str) -> None:
    done = copy.adasweep("run", *words, "--no-record", **more)
    assert done.returncode == 0, done.stderr


def test_a_trial_resumes_from_its_checkpoint(copy: Copy) -> None:
    one = copy.sweep("one")
    text = copy.sweep("real").read_text().replace("[32, 64]", "[32]").replace("[none, ada]", "[none]")
    one.write_text(re.sub("seeds: 2.*", "seeds: [0]\nhorizon_kimg: 0.096\n", text, flags=re.DOTALL))
    shutil.rmtree(copy.store / "local")
    directory = trial(copy, "real", 0)
    before = len(list(directory.glob("attempts/*")))
    ran(copy, one)
    assert len(list(directory.glob("attempts/*"))) == before + 1
    new = record(copy, "real", 0, before + 1)
    assert (new["state"], new["resumed_from_kimg"], new["kimg"]) == ("done", 0.064, 0.096)
    ticks = [json.loads(line)["kimg"] for line in (directory / "ticks.jsonl").read_text().splitlines()]
    assert ticks == pytest.approx([0.016, 0.032, 0.048, 0.064, 0.08, 0.096])


def test_attempts_in_the_queue_of_this_machine_are_carried_out(copy: Copy) -> None:
    assert states(copy, "queued") == [("pending", 0, 1)] * 2
    ran(copy, copy.sweep("queued"))
    assert states(copy, "queued") == [("done", 0.032, 1)] * 2


def test_old_and_new_attempts_share_the_queue(copy: Copy) -> None:
    ran(copy, copy.sweep("new"))
    ran(copy, copy.sweep("queued"))
    assert states(copy, "new") == states(copy, "queued") == [("done", 0.032, 1)] * 2


def test_an_evaluation_in_the_queue_is_carried_out(copy: Copy) -> None:
    assert not (trial(copy, "measured", 0) / "attempts" / "002" / "record.json").exists()
    done = copy.adasweep("metrics", copy.sweep("measured"), "--metrics", "kid64", "--no-record")
    assert done.returncode == 0, done.stderr
    assert record(copy, "measured", 0, 2)["state"] == "done"
    rows = [json.loads(line) for line in (trial(copy, "measured", 0) / "metrics.jsonl").read_text().splitlines()]
    assert {row["metric"] for row in rows} >= {"fid64-lite0", "kid64-lite0"}


def test_a_job_of_slurm_runs_the_code_it_was_submitted_with(copy: Copy, python: Path) -> None:
    assert python.exists()
    assert states(copy, "slurm") == [("pending", 0, 1)] * 2
    (script,) = copy.store.glob(f"slurm/*/{ARRAY}_submission.sh")
    for index in range(2):
        numbers = {"SLURM_ARRAY_JOB_ID": str(ARRAY), "SLURM_ARRAY_TASK_ID": str(index), "SLURM_LOCALID": "0"}
        job = {**numbers, "SLURM_JOB_ID": str(ARRAY + index), "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}
        node = {"SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0", "SLURM_JOB_NODELIST": "here"}
        environment = copy.environment(**job, **node, PYTHONPATH="")
        done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert states(copy, "slurm") == [("done", 0.032, 1)] * 2


def test_an_entry_in_the_queue_of_a_ray_cluster_is_carried_out(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(copy, "ray") == [("pending", 0, 1)] * 2
    for name, value in copy.environment().items():
        monkeypatch.setenv(name, value)
    queue = RayQueue(copy.store / "ray")
    assert [carry_out(str(queue.root), key) for key in queue.waiting()] == [0, 0]
    assert states(copy, "ray") == [("done", 0.032, 1)] * 2


def test_the_driver_that_is_started_for_old_entries_is_found_in_their_code(copy: Copy) -> None:
    (copy.store / "ray" / "driver").unlink()
    words = ("run", copy.sweep("ray"), "--backend=ray", "--no-record")
    with ray_head() as (address, asked):
        environment = copy.environment(RAY_API_SERVER_ADDRESS=address)
        watcher = subprocess.Popen([sys.executable, "-P", "-m", "orchestrator", *words], env=environment)
        while not asked and watcher.poll() is None:
            time.sleep(0.1)
        watcher.kill()
        watcher.wait()
    assert asked
    driver = shlex.split(asked[0]["entrypoint"])
    at = driver.index("-m")
    is_found = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({driver[at + 1]!r}) is None)"
    known = {**os.environ, **asked[0]["runtime_env"]["env_vars"]}
    assert subprocess.run([*driver[:at], "-c", is_found], env=known, check=False).returncode == 0
