"""A sweep whose runs start from snapshots."""

from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from orchestrator.sweep.trial import LocatedData, Trial
from trainer.config.augment import AdaAugment
from trainer.config.dataset.config import DataDescription

DATA = DataDescription(name="tiny", fingerprint="0" * 16, images=100, resolution=32, channels=1)


def trials_of(directory: Path, text: str) -> list[Trial]:
    file = directory / "sweep.yaml"
    file.write_text("sweep: s\nbase: {preset: auto, data: tiny}\nhorizon_kimg: 1\n" + text)
    return expand(read_sweep(file), lambda _: LocatedData(DATA, directory))


def test_axis_of_snapshots(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    first.write_bytes(b"a")
    second.write_bytes(b"b")
    trials = trials_of(tmp_path, f"grid:\n  transfer: [null, {first}, {second}]\n")
    assert [trial.transfer_path for trial in trials] == [None, first, second]
    assert len({trial.id for trial in trials}) == 3
    augments = [trial.config.augment for trial in trials]
    assert [a.horizon_kimg for a in augments if isinstance(a, AdaAugment)] == [500, 100, 100]
    assert [trial.config.ema.rampup for trial in trials] == [0.05, None, None]


def test_missing_snapshot_is_reported_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"sweep\.yaml:5: .*nowhere\.safetensors: no such file"):
        trials_of(tmp_path, "grid:\n  transfer: [nowhere.safetensors]\n")


def test_checksum_is_not_written_by_hand(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="is read from the snapshot"):
        trials_of(tmp_path, "grid:\n  transfer.sha256: [abc]\n")
