"""Full or read-only disks, and files corrupted by a crash or a flipped bit, seen from the command line."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import daemons
from infra.waiting import wait_until
from orchestrator.supervisor.command import environment, python_module
from tests.cluster.trained import Command, Trained, is_mid_way, result, supervisor_of
from tests.support.small_disk import fill, mounted
from trainer.files import read_lines
from trainer.record import RunDir
from trainer.state import checkpoint


@pytest.fixture(autouse=True)
def _short_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASWEEP_BEAT_SECONDS", "1.5")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    with mounted(tmp_path / "disk", "64m") as disk:
        yield disk


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """The command on an ordinary disk."""
    command = Command.prepare(tmp_path, "local")
    yield command
    command.stop()


@pytest.fixture
def command_on_small_disk(tmp_path: Path, small_disk: Path) -> Iterator[Command]:
    """The command with its store on the small disk."""
    command = Command.prepare(tmp_path, "local", small_disk / "store")
    yield command
    command.stop()


def adasweep(command: Command, *words: str) -> "subprocess.CompletedProcess[str]":
    line = [*python_module("orchestrator"), *words, "--store", str(command.store.root)]
    return subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=300, check=False)


def test_a_disk_that_fills_up_is_reported_and_costs_nothing_but_time(
    command_on_small_disk: Command, small_disk: Path, calm: Trained
) -> None:
    command = command_on_small_disk
    launcher = command.begin()
    filler = fill(small_disk)
    assert is_mid_way(command.run)
    saved = checkpoint.found(command.run.checkpoints)[0].images
    assert launcher.wait(300) in (2, 3), command.printed
    last = command.printed.splitlines()[-1].lower()
    assert "no space left on device" in last
    assert "Traceback" not in command.printed
    assert checkpoint.found(command.run.checkpoints)[0].images >= saved
    filler.unlink()
    assert adasweep(command, "retry", "trained").returncode == 0
    command.finish()
    assert result(command.run) == calm


def test_a_full_disk_is_reported_before_anything_starts(command_on_small_disk: Command, small_disk: Path) -> None:
    fill(small_disk)
    assert command_on_small_disk.start().wait(120) == 2
    (line,) = command_on_small_disk.printed.splitlines()
    assert "cannot be written (no space left on device)" in line
    assert not list(command_on_small_disk.store.ids())


def test_a_read_only_store_is_reported_and_can_still_be_read(command_on_small_disk: Command, small_disk: Path) -> None:
    command = command_on_small_disk
    command.finish()
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    wait_until(  # until the queue's runner has left
        lambda: subprocess.run(remount, capture_output=True, check=False).returncode == 0, 60, "a read-only disk"
    )
    for words in (["run", str(command.file)], ["record"]):
        done = adasweep(command, *words)
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.splitlines()
        assert "read-only file system" in line
    for words in (["status", "trained"], ["plan", str(command.file)]):
        assert adasweep(command, *words).returncode == 0


def test_corrupt_files_are_skipped_in_favour_of_the_last_good_ones(command: Command, calm: Trained) -> None:
    launcher = command.begin()
    run = command.run
    supervisor = supervisor_of(run)
    assert is_mid_way(run)
    launcher.kill()
    launcher.wait()
    daemons.kill([supervisor])
    newest, before = checkpoint.found(run.checkpoints)[:2]
    spoil(run, newest)
    status = adasweep(command, "status", "trained")
    assert (status.returncode, "lost" in status.stdout) == (0, True), status.stderr
    command.finish()
    assert result(run) == calm
    events = list(read_lines(run.events))
    assert [event["file"] for event in events if event["event"] == "damaged-checkpoint"] == [newest.path.name]
    assert [event["kimg"] for event in events if event["event"] == "resume"] == [before.images / 1000]
    assert newest.path.name in adasweep(command, "logs", run.path.name).stdout


def spoil(run: RunDir, newest: checkpoint.Checkpoint) -> None:
    """Leave what crashes and bad disks leave: half a record, half a line, a checkpoint with a flipped bit."""
    record = run.record(1)
    record.write_text(record.read_text()[: record.stat().st_size // 2])
    for stream in (run.ticks, run.metrics, run.events, run.path / "logits.jsonl"):
        with stream.open("a") as file:
            file.write('{"attempt": 1, "kimg": 0.4, "met')
    content = bytearray(newest.path.read_bytes())
    content[len(content) // 2] ^= 1
    newest.path.write_bytes(content)
