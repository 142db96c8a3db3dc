"""A trial packed midway resumes in another store if its checkpoints are packed; otherwise it starts over."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.layout import Store
from tests.cluster.trained import Command, is_mid_way, result
from tests.orchestrator.attempts import kimgs, let_go
from tests.orchestrator.scripted_worker import HOLD_STEPS
from tests.orchestrator.test_run import ALL_STEPS, ONE, SECONDS, actions, adasweep, is_at_hold, runs, start, until
from tests.support.tiny_sweep import write_data_set
from trainer.files import read_lines
from trainer.record import read_record

Write = Callable[[str], Path]


def carried(store: Store, sweep: str, target: Store, *options: str) -> None:
    """Pack a sweep of a store, and unpack it into another one."""
    file = target.root.with_suffix(".zip")
    assert adasweep(store, "pack", sweep, "--out", file, *options).returncode == 0
    assert adasweep(target, "unpack", file).returncode == 0


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    """Another store with only the data set."""
    write_data_set(tmp_path / "elsewhere" / "data" / "tiny.zip")
    return Store(tmp_path / "elsewhere")


@pytest.fixture
def half(store: Store, sweep_file: Write, scripted: None) -> Path:  # noqa: ARG001 - puts the scripted worker in place
    """A sweep file whose one trial was stopped at half of its horizon."""
    file = sweep_file(ONE.replace("seeds: [0]", "seeds: [100]"))
    launcher = start(store, "run", file, "--no-record")
    until(lambda: any(is_at_hold(run) for run in runs(store)))
    launcher.send_signal(signal.SIGINT)
    launcher.communicate(timeout=SECONDS)
    assert launcher.returncode == 75
    return file


def finish(store: Store, file: Path) -> float:
    """Run the same command in a store, and return the kimg from which its trial resumed."""
    (run,) = runs(store)
    let_go(run)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    record = read_record(run.record(run.attempts()[-1]))
    assert record
    return record.resumed_from_kimg


def test_with_its_checkpoint_a_trial_resumes_in_another_store(store: Store, half: Path, elsewhere: Store) -> None:
    carried(store, "test", elsewhere, "--checkpoints")
    assert actions(elsewhere, half) == {"resume": 1}
    assert finish(elsewhere, half) == HOLD_STEPS / 10
    assert kimgs(runs(elsewhere)[0].ticks) == ALL_STEPS


def test_without_it_the_trial_starts_over(store: Store, half: Path, elsewhere: Store) -> None:
    carried(store, "test", elsewhere)
    (cell,) = json.loads(adasweep(elsewhere, "plan", half, "--json").stdout)["cells"]
    assert (cell["action"], cell["from_kimg"]) == ("resume", 0.0)
    assert cell["reason"].endswith("; starts anew: its checkpoints are not here")
    assert finish(elsewhere, half) == 0.0
    (run,) = runs(elsewhere)
    assert kimgs(run.ticks) == ALL_STEPS
    (abandoned,) = run.abandoned()
    assert (abandoned.path.name, kimgs(abandoned.ticks)) == ("002", ALL_STEPS[:HOLD_STEPS])


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--checkpoints",), ()])
def test_a_training_packed_half_way_ends_elsewhere_as_if_undisturbed(tmp_path: Path, options: tuple[str, ...]) -> None:
    for name in ("calm", "here", "there"):
        (tmp_path / name).mkdir()
    calm, here, there = (Command.prepare(tmp_path / name, "local") for name in ("calm", "here", "there"))
    calm.finish()
    process = here.begin()
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 75, here.printed
    assert is_mid_way(here.run)
    carried(here.store, "trained", there.store, *options)
    there.finish()
    assert result(there.run) == result(calm.run)
    (run,) = runs(there.store)
    last = run.attempts()[-1]
    lost = next(row.get("lost_kimg", 0.0) for row in read_lines(run.events) if row["attempt"] == last)
    assert (lost > 0) == (not options)
    assert ("starting from scratch" in run.log(last).read_text()) == (not options)
