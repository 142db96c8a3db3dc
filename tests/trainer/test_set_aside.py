"""A trial that starts over sets aside what it had recorded: what it records then is of one training."""

from pathlib import Path

import pytest

from tests.support.trials import TrialMaker
from trainer.attempt.run import read_attempt, run_attempt
from trainer.files import append_lines, discard, read_lines
from trainer.record import RunDir, State, beat, read_record
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.set_aside import RECORDED, close_abandoned, set_aside
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint


def train(trials: TrialMaker, run: RunDir, attempt: int, kimg: float) -> None:
    trials.job(run, attempt, horizon_kimg=kimg, metrics=("fid20",), ops="reference")
    assert run_attempt(read_attempt(run.path, attempt), StopRequest()) == 0


def kimgs(path: Path) -> list[float]:
    return [row["kimg"] for row in read_lines(path)]


def rows_of(folder: Path, name: str = "metrics.jsonl", kimg: float = 0.04) -> RunDir:
    append_lines(folder / name, [{"attempt": 1, "kimg": kimg}])
    return RunDir(folder)


def fence(run: RunDir, token: int) -> Fence:
    return Fence(run.lease, token)


def test_a_trial_that_lost_its_checkpoints_keeps_the_first_training_apart(trials: TrialMaker) -> None:
    run = trials.make("over")
    train(trials, run, 1, 0.16)
    discard(run.checkpoints)
    train(trials, run, 2, 0.08)
    (abandoned,) = run.abandoned()
    assert abandoned.path == run.path / "set-aside" / "002"
    assert kimgs(abandoned.metrics) == [0.08, 0.16]
    assert kimgs(abandoned.ticks) == [0.04, 0.08, 0.12, 0.16]
    assert {path.name for path in abandoned.samples.iterdir()} >= {"fakes-000000160.png"}
    assert kimgs(run.metrics) == [0.08]
    assert kimgs(run.ticks) == kimgs(run.path / "logits.jsonl") == [0.04, 0.08]
    assert run.kept_snapshots() == [80]
    assert sorted(path.name for path in run.samples.iterdir()) == ["fakes-000000080.png", "reals.png"]
    start = [row for row in read_lines(run.events) if row["event"] == "start"][-1]
    assert (start["lost_kimg"], start["set_aside"]) == (0.16, "set-aside/002")
    assert (run.first_attempt(), len(run.trainings())) == (2, 2)


def test_damaged_checkpoints_take_no_place_of_those_of_the_new_training(trials: TrialMaker) -> None:
    run = trials.make("damaged")
    train(trials, run, 1, 0.16)
    damaged = sorted(path.name for path in run.checkpoints.iterdir())
    for name in damaged:
        (run.checkpoints / name).write_bytes(b"")
    train(trials, run, 2, 0.08)
    train(trials, run, 3, 0.12)
    record = read_record(run.record(3))
    assert record is not None
    assert record.resumed_from_kimg == 0.08
    assert kimgs(run.ticks) == [0.04, 0.08, 0.12]
    (abandoned,) = run.abandoned()
    assert sorted(path.name for path in abandoned.checkpoints.iterdir()) == damaged


def test_checkpoints_beyond_what_was_saved_count_for_nothing(tmp_path: Path) -> None:
    by = Fence(tmp_path / "lease", 1)
    for images in (100, 200, 300, 900):
        checkpoint.save(tmp_path, images, by, {})
    checkpoint.prune(tmp_path, 2, 300, by)
    assert [one.images for one in checkpoint.found(tmp_path)] == [900, 300, 200]


def test_a_trial_that_resumes_sets_nothing_aside(trials: TrialMaker) -> None:
    run = trials.make("resumed")
    train(trials, run, 1, 0.08)
    train(trials, run, 2, 0.16)
    assert kimgs(run.metrics) == [0.08, 0.16]
    assert (run.abandoned(), run.first_attempt()) == ([], 0)


def kill_before_the_first_checkpoint(run: RunDir, attempt: int) -> None:
    """Leave what an attempt leaves that is killed before it has saved anything."""
    record = read_record(run.record(attempt))
    assert record is not None
    beat(run.record(attempt), record, state=State.RUNNING)
    discard(run.checkpoints)


def test_attempts_killed_before_their_first_checkpoint_leave_no_folder_each(trials: TrialMaker) -> None:
    run = trials.make("killed")
    for attempt in (1, 2):
        train(trials, run, attempt, 0.08)
        kill_before_the_first_checkpoint(run, attempt)
    train(trials, run, 3, 0.08)
    assert kimgs(run.ticks) == [0.04, 0.08] * 3
    assert len({row["value"] for row in read_lines(run.metrics)}) == 1
    assert run.abandoned() == []
    starts = [row for row in read_lines(run.events) if row["event"] == "start"]
    assert [row.get("lost_kimg") for row in starts] == [None, 0.08, 0.08]


def test_one_that_then_computes_otherwise_sets_them_aside(trials: TrialMaker) -> None:
    run = trials.make("otherwise")
    train(trials, run, 1, 0.08)
    kill_before_the_first_checkpoint(run, 1)
    trials.job(run, 2, horizon_kimg=0.04, threads=2, ops="reference")
    assert run_attempt(read_attempt(run.path, 2), StopRequest()) == 0
    assert (kimgs(run.ticks), [kimgs(one.ticks) for one in run.abandoned()]) == ([0.04], [[0.04, 0.08]])


def test_a_first_training_has_nothing_to_set_aside(tmp_path: Path) -> None:
    assert set_aside(RunDir(tmp_path), 1, fence(RunDir(tmp_path), 1)) is None
    assert not (tmp_path / "set-aside").exists()


@pytest.mark.parametrize("moved", range(len(RECORDED) + 1))
def test_a_worker_killed_between_two_moves_loses_nothing(tmp_path: Path, moved: int) -> None:
    run = RunDir(tmp_path)
    there = [tmp_path / name for name in RECORDED]
    for path in there:
        rows_of(path) if path.suffix == "" else append_lines(path, [{"attempt": 1, "kimg": 0.04}])
    opened = run.set_aside / "002.t0002.open"
    opened.mkdir(parents=True)
    for path in there[:moved]:
        path.rename(opened / path.name)
    set_aside(run, 3, fence(run, 3))
    assert not any(path.exists() for path in there)
    kept = [path.name for training in run.abandoned() for path in training.path.iterdir()]
    assert sorted(kept) == sorted(RECORDED)
    assert run.first_attempt() == (2 if moved == len(RECORDED) else 3)
    assert set_aside(run, 4, fence(run, 4)) is None


def test_a_worker_restarted_in_one_attempt_sets_aside_in_another_folder(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    for expected in ("002", "002-2", "002-3"):
        rows_of(tmp_path)
        place = set_aside(run, 2, fence(run, 2))
        assert place == run.set_aside / expected
    assert [training.path.name for training in run.abandoned()] == ["002", "002-2", "002-3"]


def test_a_superseded_worker_moves_nothing_of_the_new_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = rows_of(tmp_path)
    check = Fence.check

    def superseded_after(self: Fence) -> None:
        """Pass the check, and let another take over before the move that follows."""
        check(self)
        monkeypatch.setattr(Fence, "check", check)
        (tmp_path / "leases").mkdir()
        (tmp_path / "leases" / "000002").touch()
        close_abandoned(run, 2)

    monkeypatch.setattr(Fence, "check", superseded_after)
    with pytest.raises(FencedOut):
        set_aside(run, 1, fence(run, 1))
    assert kimgs(run.metrics) == [0.04]


@pytest.mark.parametrize("name", ["002.t0002.open", "002.beyond.t0002.open"])
def test_a_worker_that_could_move_nothing_leaves_no_folder(tmp_path: Path, name: str) -> None:
    run = RunDir(tmp_path)
    (run.set_aside / name).mkdir(parents=True)
    close_abandoned(run, 3)
    assert run.abandoned() == []
    rows_of(run.set_aside / name)
    close_abandoned(run, 3)
    assert [training.path.name for training in run.abandoned()] == [name.partition(".t")[0]]


def test_only_folders_of_a_trainings_name_are_abandoned_trainings(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    for name in ("002", "notes", "1", "003.old"):
        (run.set_aside / name).mkdir(parents=True)
    (run.set_aside / "004").touch()
    (run.set_aside / "005").symlink_to("005")
    assert [training.path.name for training in run.abandoned()] == ["002"]
    assert run.first_attempt() == 2
