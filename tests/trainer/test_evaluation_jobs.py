"""Evaluation separate from training: kept snapshots are evaluated later, again, in part, and by several processes."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.data.pictures import zip_set
from tests.support.trials import TrialMaker
from trainer.__main__ import main
from trainer.errors import ExitCode
from trainer.evaluation.families import MEASURES
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record
from trainer.runtime.launch import launch

METRICS = ("fid40_full", "kid40", "pr40", "swd32", "msssim32")
SHORT = {"horizon_kimg": 0.064, "evaluate_every_kimg": 0.032, "checkpoint_every_kimg": 0.064}


def carry_out(trials: TrialMaker, run: RunDir, attempt: int, work: str, ranks: int = 1, **options: Any) -> int:
    trials.job(run, attempt, **{**SHORT, **options})
    job = json.loads(run.job(attempt).read_text())
    run.job(attempt).write_text(json.dumps(job | {"work": work}))
    words = ["run", "--dir", str(run.path), "--attempt", str(attempt)]
    return launch(words, ranks) if ranks > 1 else main(words)


def numbers(run: RunDir) -> dict[tuple[float, str, int], float]:
    return {(row["kimg"], row["metric"], row["seed"]): row["value"] for row in read_lines(run.metrics)}


@pytest.fixture(scope="module")
def inline(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    trials = TrialMaker(tiny_set, tmp_path_factory.mktemp("inline"))
    run = trials.make("inline")
    assert carry_out(trials, run, 1, "train", metrics=METRICS, snapshots_kept="all") == 0
    return run


def test_left_to_later_a_run_keeps_its_snapshots_and_measures_nothing(trials: TrialMaker, inline: RunDir) -> None:
    run = trials.make("later")
    assert carry_out(trials, run, 1, "train", metrics=METRICS, evaluation="later") == 0
    assert run.kept_snapshots() == [32, 64]
    assert not run.metrics.exists()
    assert carry_out(trials, run, 2, "evaluate", metrics=METRICS, snapshots_kept="all") == 0
    assert numbers(run) == pytest.approx(numbers(inline))
    record = read_record(run.record(2))
    assert record is not None
    assert (record.work, record.state, record.kimg) == ("evaluate", State.DONE, 0.064)
    assert record.energy.joules is not None
    assert (run.snapshots / "best.safetensors").exists()


def test_what_is_measured_is_not_measured_again(trials: TrialMaker) -> None:
    run = trials.make("again")
    assert carry_out(trials, run, 1, "train", metrics=("fid40_full",), snapshots_kept="all") == 0
    before = run.metrics.read_text()
    for attempt in (2, 3):
        assert carry_out(trials, run, attempt, "evaluate", metrics=("fid40_full", "msssim32"), evaluation_seeds=2) == 0
    after = run.metrics.read_text()
    assert after.startswith(before)
    rows = [(row["kimg"], row["metric"], row["seed"]) for row in read_lines(run.metrics)]
    assert len(rows) == len(set(rows)) == 2 + 2 + 4
    assert {row["attempt"] for row in read_lines(run.metrics)} == {1, 2}
    by_basis = {row["basis"] for row in read_lines(run.metrics) if row["metric"].startswith("fid")}
    assert len(by_basis) == 1


def test_probes_of_a_job_lie_beside_each_snapshot_once(trials: TrialMaker) -> None:
    run = trials.make("probed")
    assert carry_out(trials, run, 1, "train", snapshots_kept="all") == 0
    assert carry_out(trials, run, 2, "evaluate", probes=("trgb-8", "mean-image-8")) == 0
    assert run.probed() == [(name, images) for name in ("mean-image-8", "trgb-8") for images in (32, 64)]
    stamp = run.probe("trgb-8", 64).stat().st_mtime_ns
    assert carry_out(trials, run, 3, "evaluate", probes=("trgb-8",)) == 0
    assert run.probe("trgb-8", 64).stat().st_mtime_ns == stamp


def test_a_run_by_hand_is_measured_by_its_directory(
    inline: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDir(Path(shutil.copytree(inline.path, tmp_path / inline.path.name)))
    assert main(["eval", str(run.path), "--metrics", "fid20_full"]) == 0
    assert {row["metric"] for row in read_lines(run.metrics)} >= {"fid20_full-lite0"}
    assert main(["eval", str(run.path), "--metrics", "fdi20"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_a_snapshot_file_is_measured_against_any_data(
    inline: RunDir, tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", str(inline.snapshot(64)), "--data", str(tiny_set), "--cache", str(tmp_path / "cache")]
    assert main([*words, "--metrics", "fid40_full", "msssim32"]) == 0
    found = {row["metric"]: row["value"] for row in map(json.loads, capsys.readouterr().out.splitlines())}
    expected = numbers(inline)
    assert found == pytest.approx({name: expected[(0.064, name, 0)] for name in found})
    assert main(words[:2]) == 2


def test_a_snapshot_is_not_compared_with_images_of_another_kind(
    inline: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", str(inline.snapshot(64)), "--metrics", "fid20_full", "--data"]
    for side, channels, told in (
        (8, 1, "resolution 8 there and 16 here"),
        (16, 3, "channels 3 there and 1 here"),
    ):
        other = zip_set(tmp_path / f"{side}.zip", 40, side=side, channels=channels)
        assert main([*words, str(other)]) == 2
        assert told in capsys.readouterr().err


def test_metrics_that_a_plan_refuses_are_refused(
    inline: RunDir, trials: TrialMaker, tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    for words in (
        ["eval", str(inline.path)],
        ["eval", str(inline.snapshot(64)), "--data", str(tiny_set), "--cache", str(tmp_path / "cache")],
        ["run", "--out", str(new), "--data", str(trials.data), "--kimg", "0.1"],
    ):
        before = inline.attempts()
        assert main([*words, "--metrics", "is5"]) == 2
        assert "is5 is undefined: 5 generated: too few for 10 splits" in capsys.readouterr().err
        assert inline.attempts() == before
        assert not new.exists()


def test_unreliable_metrics_are_told(
    inline: RunDir, tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", str(inline.snapshot(64)), "--data", str(tiny_set), "--cache", str(tmp_path / "cache")]
    assert main([*words, "--metrics", "fid20_full"]) == 0
    assert "warning: fid20_full is unreliable: 20 generated against " in capsys.readouterr().err


def test_options_that_would_have_no_effect_are_refused(
    inline: RunDir, tiny_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = [str(inline.snapshot(64)), "--data", str(tiny_set)]
    for words, option in (
        ([str(inline.path), "--data", str(tiny_set)], "--data"),
        ([str(inline.path), "--mirror"], "--mirror"),
        ([*snapshot, "--probes", "trgb"], "--probes"),
        ([*snapshot, "--ranks", "2"], "--ranks"),
    ):
        assert main(["eval", *words]) == 2
        assert f"{option}: is for" in capsys.readouterr().err


def test_a_probe_is_made_by_hand(inline: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "trgb.npz"
    assert main(["probe", "trgb-8", str(inline.snapshot(64)), str(target)]) == 0
    assert "share" in capsys.readouterr().out
    assert target.exists()
    assert main(["probe", "trgb", str(target), str(target)]) == 2


def test_a_probe_of_a_snapshot_of_another_run_is_refused(
    inline: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDir(Path(shutil.copytree(inline.path, tmp_path / "copy")))
    document = json.loads(run.trial.read_text(encoding="utf-8"))
    document["config"]["generator"]["channel_base"] *= 2
    run.trial.write_text(json.dumps(document), encoding="utf-8")
    assert main(["probe", "trgb-8", str(run.snapshot(64)), str(tmp_path / "x.npz")]) == 2
    assert "is not of this run: generator" in capsys.readouterr().err


@pytest.mark.slow
def test_two_ranks_measure_what_one_does(trials: TrialMaker, inline: RunDir) -> None:
    run = trials.make("two")
    assert carry_out(trials, run, 1, "train", evaluation="later") == 0
    assert carry_out(trials, run, 2, "evaluate", ranks=2, metrics=METRICS, snapshots_kept="all") == 0
    assert numbers(run) == pytest.approx(numbers(inline))


@pytest.mark.parametrize("probes", [(), ("trgb-8",)])
def test_a_damaged_snapshot_is_told_and_the_others_are_measured(
    trials: TrialMaker, inline: RunDir, capsys: pytest.CaptureFixture[str], probes: tuple[str, ...]
) -> None:
    run = trials.make(f"damaged{len(probes)}")
    assert carry_out(trials, run, 1, "train", metrics=METRICS, evaluation="later", snapshots_kept="all") == 0
    whole = run.snapshot(32).read_bytes()
    run.snapshot(32).write_bytes(whole[:99])
    wanted: dict[str, Any] = {"metrics": METRICS, "probes": probes}
    assert carry_out(trials, run, 2, "evaluate", **wanted) == ExitCode.USER_ERROR
    assert numbers(run).keys() == {place for place in numbers(inline) if place[0] == 0.064}
    assert run.probed() == [(name, 64) for name in probes]
    record = read_record(run.record(2))
    assert record is not None
    assert record.state is State.FAILED
    assert record.message.startswith(f"{run.snapshot(32)}: not a snapshot of adasweep")
    assert capsys.readouterr().err.count(f"adasweep: {run.snapshot(32)}: not a snapshot") == 1
    assert run.kept_snapshots() == [32, 64]
    run.snapshot(32).write_bytes(whole)
    assert carry_out(trials, run, 3, "evaluate", **wanted) == 0
    assert numbers(run).keys() == numbers(inline).keys()
    assert run.probed() == [(name, images) for name in probes for images in (32, 64)]


@pytest.mark.parametrize("finder", ["both ranks", "the second rank"])
def test_two_ranks_tell_of_a_damaged_snapshot_once(
    trials: TrialMaker, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, finder: str
) -> None:
    run = trials.make("two-damaged")
    assert carry_out(trials, run, 1, "train", evaluation="later", snapshots_kept="all") == 0
    if finder == "both ranks":
        run.snapshot(32).write_bytes(b"torn")
    else:
        monkeypatch.setenv("PYTHONPATH", str(_unreadable_by_the_second_rank(trials.root / "hook")), prepend=os.pathsep)
    assert carry_out(trials, run, 2, "evaluate", ranks=2, metrics=("fid40_full",)) == ExitCode.USER_ERROR
    printed = capfd.readouterr().err
    assert printed.count(f"adasweep: {run.snapshot(32)}: not a snapshot") == 1
    assert printed.count("adasweep: error: ") == 1
    assert [row["event"] for row in read_lines(run.events)].count("damaged-snapshot") == 1
    assert {place[0] for place in numbers(run)} == {0.064}


def _unreadable_by_the_second_rank(folder: Path) -> Path:
    """Return a folder for PYTHONPATH whose sitecustomize.py shows the second rank no regular file at 32 images."""
    folder.mkdir()
    lines = (
        "import os, pathlib",
        "usual = pathlib.Path.is_file",
        "hidden = 'snapshot-000000032.safetensors' if os.environ.get('RANK') == '1' else ''",
        "pathlib.Path.is_file = lambda self: self.name != hidden and usual(self)",
    )
    (folder / "sitecustomize.py").write_text("\n".join(lines))
    return folder


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", ["flipped bit", "another trial", "another moment"])
def test_a_snapshot_that_is_not_the_one_that_was_written_is_not_measured(
    trials: TrialMaker, inline: RunDir, damage: str
) -> None:
    run = RunDir(Path(shutil.copytree(inline.path, trials.root / "spoilt", symlinks=True)))
    other = trials.make("other", seed=7)
    assert carry_out(trials, other, 1, "train", snapshots_kept="all") == 0
    contents = {
        "flipped bit": flipped(run.snapshot(32).read_bytes()),
        "another trial": other.snapshot(32).read_bytes(),
        "another moment": run.snapshot(64).read_bytes(),
    }
    run.snapshot(32).write_bytes(contents[damage])
    run.metrics.unlink()
    assert carry_out(trials, run, 2, "evaluate", metrics=METRICS) == ExitCode.USER_ERROR
    assert numbers(run).keys() == {place for place in numbers(inline) if place[0] == 0.064}
    record = read_record(run.record(2))
    assert record is not None
    assert "checksum does not match" in record.message or "kimg, not of trial " in record.message


@pytest.fixture
def broken_kid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make KID raise whenever it is computed."""

    def numbers(*_: object) -> dict[str, float]:
        raise ZeroDivisionError("no features")

    monkeypatch.setitem(MEASURES, "kid", MEASURES["kid"]._replace(numbers=numbers))


@pytest.mark.usefixtures("broken_kid")
def test_a_metric_that_raises_is_missing_alone_and_training_goes_on(trials: TrialMaker, inline: RunDir) -> None:
    run = trials.make("broken")
    assert carry_out(trials, run, 1, "train", metrics=METRICS, snapshots_kept="all") == 0
    measured = {place: value for place, value in numbers(inline).items() if "kid" not in place[1]}
    assert numbers(run) == pytest.approx(measured)
    record = read_record(run.record(1))
    assert record is not None
    assert (record.state, record.kimg) == (State.DONE, 0.064)
    assert record.message == "kid40 could not be measured at 0.064 kimg: ZeroDivisionError: no features"


@pytest.mark.usefixtures("broken_kid")
def test_an_evaluation_of_a_metric_that_raises_fails_and_records_the_others(
    trials: TrialMaker, inline: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trials.make("broken-later")
    assert carry_out(trials, run, 1, "train", metrics=METRICS, evaluation="later") == 0
    assert carry_out(trials, run, 2, "evaluate", metrics=METRICS, snapshots_kept="all") == ExitCode.BUG
    assert numbers(run).keys() == {place for place in numbers(inline) if "kid" not in place[1]}
    record = read_record(run.record(2))
    assert record is not None
    assert record.state is State.FAILED
    assert "kid40 could not be measured at 0.032 kimg: ZeroDivisionError" in record.message
    assert "kid40 could not be measured at 0.064 kimg" in capsys.readouterr().err
