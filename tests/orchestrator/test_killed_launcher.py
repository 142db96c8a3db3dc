"""A launcher that is killed (SIGKILL) between writing a file and renaming it: the same command finishes everything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from infra.waiting import wait_until
from orchestrator.recorders.cursor import behind
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from tests.orchestrator.attempts import kimgs, let_go
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_run import ONE, SECONDS, adasweep, start
from tests.support.tiny_sweep import SWEEP
from trainer.files import temporary_name
from trainer.record import State, read_record

pytestmark = pytest.mark.usefixtures("scripted")

TWO = SWEEP.replace("data.subset: [20, 40]\n  augment: [none, ada]", "augment: [none, ada]")
NO_PROCESS = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
"""No process has this id, and none will: that of one that has ended may soon be that of another."""
KILLED = """
import os, signal, sys
from orchestrator.cli import main
name, left = sys.argv.pop(1), int(sys.argv.pop(1))

def dying(act):
    def acted(source, target, *rest, **options):
        global left
        if os.path.basename(target) == name:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return act(source, target, *rest, **options)
    return acted

os.replace, os.rename, os.link = dying(os.replace), dying(os.rename), dying(os.link)
sys.exit(main())
"""


def killed(store: Store, name: str, nth: int, *words: object) -> int:
    """Run adasweep, killed just before the n-th rename of a file to this name; return its exit code."""
    command = [sys.executable, "-c", KILLED, name, str(nth), *map(str, words), "--store", str(store.root)]
    return subprocess.run(command, capture_output=True, check=False, timeout=240).returncode


def assert_all_is_recorded(store: Store) -> None:
    client = MlflowClient(tracking_uri=default_target(store).uri)
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    ids = list(store.ids())
    assert sorted(run.data.tags["trial"] for run in runs) == ids
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        reported = client.get_metric_history(run.info.run_id, "images_per_second")
        assert len(reported) == len(set(kimgs(store.run(run.data.tags["trial"]).ticks))) == 10
    assert behind(store, default_target(store), ids) == []


@pytest.mark.parametrize(
    ("name", "nth"),
    [
        ("job.json", 2),
        ("trial.json", 2),
        pytest.param("trial.json", 1, marks=pytest.mark.slow),
        pytest.param("job.json", 1, marks=pytest.mark.slow),
        pytest.param("plan.json", 1, marks=pytest.mark.slow),
        pytest.param("handle.json", 1, marks=pytest.mark.slow),
        pytest.param("handle.json", 2, marks=pytest.mark.slow),
    ],
)
def test_the_same_command_again_returns_with_all_trials_done_and_recorded(
    store: Store, sweep_file: Callable[[str], Path], empty_database: Path, name: str, nth: int
) -> None:
    (store.root / "mlflow.db").write_bytes(empty_database.read_bytes())
    file = sweep_file(TWO)
    assert killed(store, name, nth, "run", file, "--cpus", 1) == -9
    left = [path for path in store.root.rglob(".*.tmp") if path.name.startswith(f".{name}.")]
    assert len(left) == 1
    again = adasweep(store, "run", file, "--cpus", 1, "--json")
    assert again.returncode == 0, again.stderr
    assert [trial["state"] for trial in json.loads(again.stdout)["trials"]] == ["done"] * 2
    for run in map(store.run, store.ids()):
        record = read_record(run.record(run.attempts()[-1]))
        assert record is not None
        assert record.state is State.DONE
        assert kimgs(run.ticks) == [round(0.1 * step, 3) for step in range(1, 11)]
    assert_all_is_recorded(store)
    assert list(store.root.rglob(".*.tmp")) == []


def test_a_recorder_that_is_killed_during_a_run_is_started_again_within_it(
    store: Store, sweep_file: Callable[[str], Path], empty_database: Path
) -> None:
    (store.root / "mlflow.db").write_bytes(empty_database.read_bytes())

    def recorder() -> int:
        held = holder(store.root / "mlflow")
        return held.owner.pid if held and held.is_alive(time.time()) else 0

    running = start(store, "run", sweep_file(ONE.replace("seeds: [0]", "seeds: [100]")), "--cpus", 1)
    wait_until(lambda: recorder() > 0, SECONDS, "the recorder")
    first = recorder()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: recorder() not in (0, first), SECONDS, "the recorder that is started again while the trial runs")
    let_go(*map(store.run, store.ids()))
    _, said = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, said
    assert said.count("the recorder was killed by SIGKILL; it is started again (1 of at most 5 times)") == 1
    assert_all_is_recorded(store)


def test_the_next_run_removes_what_killed_processes_left_anywhere(
    store: Store, sweep_file: Callable[[str], Path]
) -> None:
    file = sweep_file(TWO)
    assert adasweep(store, "run", file, "--cpus", 1, "--no-record").returncode == 0
    for run in map(store.run, store.ids()):
        for name in ("stops", "cancels", "leases", "snapshots", "samples", "probes", "checkpoints"):
            (run.path / name).mkdir(exist_ok=True)
    name = temporary_name(store.root / "x.json").name.replace(f".{os.getpid()}-", f".{NO_PROCESS}-")
    shards = {store.trials, *store.trials.iterdir()}
    for folder in (store.root, *(path for path in store.root.rglob("*") if path.is_dir() and path not in shards)):
        if folder.name != "__pycache__":  # Python's own, in the copy of the code that the attempts ran
            (folder / name).touch()
    file.write_text(TWO.replace("horizon_kimg: 1", "horizon_kimg: 2"))
    assert adasweep(store, "run", file, "--cpus", 1, "--no-record").returncode == 0
    wait_until(lambda: not any(store.root.rglob(".*.tmp")), SECONDS, "the supervisor, which may release its lease yet")
