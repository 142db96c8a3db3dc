"""A trial that resumes with other rounding sets aside what it had recorded beyond its checkpoint."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.trials import TrialMaker
from trainer.attempt.run import read_attempt, run_attempt
from trainer.files import append_lines, read_lines
from trainer.record import RunDir
from trainer.recording.beyond import set_aside_beyond
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.rounding import ComputeEnvironment, is_otherwise_beyond
from trainer.recording.set_aside import close_abandoned
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint

ENVIRONMENT: ComputeEnvironment = {"threads": 1, "ops": "reference"}


def train(trials: TrialMaker, run: RunDir, attempt: int, kimg: float, **options: Any) -> None:
    trials.job(run, attempt, horizon_kimg=kimg, metrics=("fid20",), **{"ops": "reference", **options})
    assert run_attempt(read_attempt(run.path, attempt), StopRequest()) == 0


def keep_checkpoints_up_to(run: RunDir, images: int) -> None:
    for one in checkpoint.found(run.checkpoints):
        if one.images > images:
            one.path.unlink()


def kimgs(path: Path) -> list[float]:
    return [row["kimg"] for row in read_lines(path)]


def event(run: RunDir, name: str, **details: Any) -> None:
    append_lines(run.events, [{"event": name, "attempt": 1, **details}])


def test_what_was_recorded_beyond_the_checkpoint_with_other_threads_no_longer_counts(trials: TrialMaker) -> None:
    run = trials.make("resumed")
    train(trials, run, 1, 0.16, snapshots_kept="all", checkpoints_kept=9)
    keep_checkpoints_up_to(run, 80)
    train(trials, run, 2, 0.12, threads=2)
    assert kimgs(run.metrics) == [0.08, 0.12]
    assert kimgs(run.ticks) == kimgs(run.path / "logits.jsonl") == [0.04, 0.08, 0.12]
    assert run.kept_snapshots() == [80, 120]
    assert not (run.samples / "fakes-000000160.png").exists()
    (beyond,) = run.abandoned()
    assert beyond.path == run.path / "set-aside" / "002.beyond"
    assert (kimgs(beyond.metrics), kimgs(beyond.ticks), beyond.kept_snapshots()) == ([0.16], [0.12, 0.16], [160])
    resume = next(row for row in read_lines(run.events) if row["event"] == "resume")
    assert (resume["set_aside"], resume["threads"]) == ("set-aside/002.beyond", 2)
    assert run.first_attempt() == 0
    links = [run.snapshots / f"{name}.safetensors" for name in ("best", "latest")]
    assert all(link.exists() for link in links)


def test_what_an_equal_environment_repeats_counts(trials: TrialMaker) -> None:
    run = trials.make("repeated")
    train(trials, run, 1, 0.16, checkpoints_kept=9)
    keep_checkpoints_up_to(run, 80)
    train(trials, run, 2, 0.12)
    assert kimgs(run.metrics) == [0.08, 0.16, 0.12]
    assert run.abandoned() == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], False),
        ([("start", 0.0, 1)], False),
        ([("start", 0.0, 2)], True),
        ([("start", 0.0, 2), ("resume", 4.0, 1)], False),
        ([("start", 0.0, 2), ("resume", 6.0, 1)], True),
        ([("start", 0.0, 1), ("resume", 4.0, 2)], True),
        ([("start", 0.0, 2), ("threads-changed", 5.0, 1)], True),
        ([("start", 0.0, None)], False),
    ],
)
def test_what_remains_beyond_is_of_the_last_attempts_that_began_below(
    tmp_path: Path, events: list[tuple[str, float, int | None]], expected: bool
) -> None:
    run = RunDir(tmp_path)
    for name, kimg, threads in events:
        event(run, name, kimg=kimg, **({} if threads is None else {"threads": threads}))
    assert is_otherwise_beyond(run, 5.0, ENVIRONMENT) is expected


def filled(folder: Path) -> RunDir:
    """Return a trial with rows, files and links up to 80 and 160 images."""
    run = RunDir(folder)
    append_lines(run.metrics, [{"kimg": 0.08}, {"kimg": 0.16}])
    with run.metrics.open("a") as file:
        file.write('{"kimg": 0.2')
    for name in ("samples/fakes", "snapshots/snapshot", "probes/fid-floor", "checkpoints/ckpt"):
        for images in (80, 160):
            path = folder / f"{name}-{images:09d}{'-t0001-0123456789abcdef' if 'ckpt' in name else ''}.png"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    (run.samples / "reals.png").touch()
    (run.snapshots / "best.safetensors").symlink_to("snapshot-000000160.png")
    (run.snapshots / "latest.safetensors").symlink_to("snapshot-000000080.png")
    return run


def test_files_and_rows_beyond_are_moved_and_no_others(tmp_path: Path) -> None:
    run = filled(tmp_path)
    place = set_aside_beyond(run, 80, 2, Fence(run.lease, 2))
    assert place is not None
    moved = sorted(path.relative_to(place).as_posix() for path in place.rglob("*.*"))
    files = ["checkpoints/ckpt-000000160-t0001-0123456789abcdef.png", "metrics.jsonl", "probes/fid-floor-000000160.png"]
    assert moved == [*files, "samples/fakes-000000160.png", "snapshots/snapshot-000000160.png"]
    assert run.metrics.read_text() == '{"kimg": 0.08}\n{"kimg": 0.2'
    assert not os.path.lexists(run.snapshots / "best.safetensors")
    assert (run.snapshots / "latest.safetensors").exists()
    assert set_aside_beyond(run, 80, 3, Fence(run.lease, 3)) is None


def test_a_superseded_worker_moves_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, check, calls = filled(tmp_path), Fence.check, list[int]()

    def superseded_before_the_last(self: Fence) -> None:
        """Pass the check, and let another take over before the rows that remain are put in place."""
        check(self)
        calls.append(1)
        if len(calls) == 5:
            (tmp_path / "leases").mkdir()
            (tmp_path / "leases" / "000003").touch()
            close_abandoned(run, 3)

    monkeypatch.setattr(Fence, "check", superseded_before_the_last)
    with pytest.raises(FencedOut):
        set_aside_beyond(run, 80, 2, Fence(run.lease, 2))
    assert kimgs(run.metrics) == [0.08, 0.16]
    assert all(training.path.name.startswith("002.beyond") for training in run.abandoned())
    assert run.first_attempt() == 0
