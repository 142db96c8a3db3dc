"""Checkpoints have their checksum in their name, rotate, and survive crashes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from trainer.recording.fence import Fence
from trainer.state import checkpoint


def by(token: int) -> Fence:
    """A writer that has not been superseded."""
    return Fence(Path("nowhere") / "lease.json", token)


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"a": torch.full((3, 2), value), "b/c": torch.tensor(7)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 32, by(1), tensors(1.5))
    [found] = checkpoint.found(tmp_path)
    loaded = found.load()
    assert loaded is not None
    assert (found.images, found.token) == (32, 1)
    assert torch.equal(loaded["a"], tensors(1.5)["a"])
    assert torch.equal(loaded["b/c"], torch.tensor(7))


def test_newest_comes_first_and_higher_token_wins(tmp_path: Path) -> None:
    for images, token in ((32, 1), (128, 1), (64, 2), (128, 2)):
        checkpoint.save(tmp_path, images, by(token), tensors(images + token))
    assert [(c.images, c.token) for c in checkpoint.found(tmp_path)] == [(128, 2), (128, 1), (64, 2), (32, 1)]


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("gone"), lambda path: (path / "inner").mkdir(parents=True)]
)
def test_what_is_no_file_in_the_place_of_a_checkpoint_is_skipped_and_pruned(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    checkpoint.save(tmp_path, 32, by(1), tensors(1))
    newest = checkpoint.save(tmp_path, 64, by(1), tensors(2))
    newest.unlink()
    make(newest)
    assert [(c.images, c.load() is not None) for c in checkpoint.found(tmp_path)] == [(64, False), (32, True)]
    for images in (96, 128):
        checkpoint.save(tmp_path, images, by(1), tensors(3))
    checkpoint.prune(tmp_path, 2, 10**9, by(1))
    assert [one.images for one in checkpoint.found(tmp_path)] == [128, 96]


@pytest.mark.parametrize("damage", [lambda b: b[:-10], lambda b: b[:40] + b"\x00" + b[41:], lambda _: b""])
def test_damaged_checkpoint_is_skipped(tmp_path: Path, damage: object) -> None:
    checkpoint.save(tmp_path, 32, by(1), tensors(1))
    newest = checkpoint.save(tmp_path, 64, by(1), tensors(2))
    newest.write_bytes(damage(newest.read_bytes()))  # type: ignore[operator]
    states = [(c.images, c.load() is not None) for c in checkpoint.found(tmp_path)]
    assert states == [(64, False), (32, True)]


def test_a_checkpoint_of_another_trial_is_skipped(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 32, by(1), tensors(1))
    checkpoint.save(tmp_path, 64, by(1), tensors(1), "ours")
    checkpoint.save(tmp_path, 96, by(1), tensors(1), "theirs")
    assert [c.load("ours") is not None for c in checkpoint.found(tmp_path)] == [False, True, True]


def test_prune_keeps_the_newest_and_cleans_up_after_a_crash(tmp_path: Path) -> None:
    for images in (32, 64, 96):
        checkpoint.save(tmp_path, images, by(1), tensors(images))
    (tmp_path / ".ckpt-000000128-t0001-0.safetensors.tmp").write_bytes(b"half")
    checkpoint.prune(tmp_path, 2, 10**9, by(1))
    assert [c.images for c in checkpoint.found(tmp_path)] == [96, 64]
    assert not list(tmp_path.glob(".ckpt*"))


def test_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path, 32, by(1), tensors(1))
    assert not list(tmp_path.iterdir())
