"""Starting from a snapshot, and freezing the discriminator's first layers (Mo et al. 2020, Freeze-D)."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.trials import TINY, TrialMaker
from trainer.attempt.assemble import Attempt, make_parts
from trainer.attempt.run import read_attempt, run_attempt
from trainer.config.augment import AdaAugment
from trainer.config.dataset.describe import describe
from trainer.config.identity import trial_id
from trainer.config.networks.stylegan2 import StyleGan2Discriminator
from trainer.config.presets.official import merge
from trainer.config.resolve import resolve
from trainer.config.training import TransferFromTrial
from trainer.config.transfer import identified
from trainer.errors import SnapshotError
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record
from trainer.registry import build
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint
from trainer.state.snapshot import save_snapshot, tensors_of
from trainer.state.transfer import start_from

CPU = torch.device("cpu")

FROZEN = {
    0: [],
    4: ["b64.fromrgb", "b64.conv0", "b64.conv1", "b64.skip"],
    7: ["b32.conv0", "b32.conv1", "b32.skip"],
    10: ["b16.conv0", "b16.conv1", "b16.skip"],
    13: ["b8.conv0", "b8.conv1", "b8.skip"],
    16: [],
}
"""What every k of the grid freezes beyond the k before it, at 64x64; there k = 13 is all but the last block."""


@pytest.fixture
def source(trials: TrialMaker) -> Path:
    """A snapshot of networks with weights of another seed."""
    config = resolve(merge(TINY, {"seed": 7}), describe(trials.data, trials.root))
    return save_snapshot(RunDir(trials.root / "source"), config, make_parts(config, CPU).state)


def attempt(trials: TrialMaker, name: str, source: Path, number: int = 1, **settings: Any) -> Attempt:
    run = trials.make(name, transfer=str(source), **settings)
    return read_attempt(run.path, trials.job(run, number, transfer_path=source, horizon_kimg=0.08))


def test_transfer_speeds_up_ada_and_removes_the_ramp(trials: TrialMaker, source: Path) -> None:
    data = describe(trials.data, trials.root)
    config = resolve({"preset": "auto", "transfer": str(source)}, data)
    assert isinstance(config.augment, AdaAugment)
    assert (config.augment.horizon_kimg, config.ema.rampup) == (100, None)
    own = {"augment": {"horizon_kimg": 50}, "ema": {"rampup": 0.1}}
    config = resolve({"preset": "auto", "transfer": str(source), **own}, data)
    assert isinstance(config.augment, AdaAugment)
    assert (config.augment.horizon_kimg, config.ema.rampup) == (50, 0.1)


def test_identity_is_the_content_of_the_snapshot(trials: TrialMaker, source: Path, tmp_path: Path) -> None:
    data = describe(trials.data, trials.root)
    copy, other = (tmp_path / name for name in ("copy.safetensors", "other.safetensors"))
    copy.write_bytes(source.read_bytes())
    other.write_bytes(source.read_bytes()[:-1] + b"x")
    first, second, third = (trial_id(resolve({"transfer": str(path)}, data)) for path in (source, copy, other))
    assert first == second != third


def test_run_begins_with_the_weights_of_the_snapshot(trials: TrialMaker, source: Path) -> None:
    config = attempt(trials, "child", source).config
    parts = make_parts(config, CPU)
    assert config.transfer is not None
    start_from(parts.state, config.networks, config.transfer, source)
    networks = {"G": parts.state.generator, "D": parts.state.discriminator, "G_ema": parts.state.average}
    for which, network in networks.items():
        expected = tensors_of(source, which)  # type: ignore[arg-type]
        assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())
    assert not parts.state.generator_optimizer.state


@pytest.mark.parametrize("layers", [4, 7])
def test_transferred_run_resumes_bit_equal_without_the_snapshot(trials: TrialMaker, source: Path, layers: int) -> None:
    calm = attempt(trials, "calm", source, discriminator={"frozen_layers": layers})
    halved = attempt(trials, "halved", source, discriminator={"frozen_layers": layers})
    assert run_attempt(calm, StopRequest()) == 0
    trials.job(halved.run, 1, transfer_path=source, horizon_kimg=0.04)
    assert run_attempt(read_attempt(halved.run.path, 1), StopRequest()) == 0
    source.rename(source.with_suffix(".gone"))
    trials.job(halved.run, 2, transfer_path=source, horizon_kimg=0.08)
    assert run_attempt(read_attempt(halved.run.path, 2), StopRequest()) == 0
    expected, got = (checkpoint.found(one.run.checkpoints)[0].load() for one in (calm, halved))
    assert expected is not None
    assert got is not None
    weights = [name for name in expected if not name.startswith("sums/")]
    assert [name for name in weights if not torch.equal(expected[name], got[name])] == []
    frozen = tensors_of(source.with_suffix(".gone"), "D")
    assert torch.equal(got["D/b16.conv1.weight"], frozen["b16.conv1.weight"])
    assert not any(name.startswith("D_optimizer/b16.") for name in got)
    assert [row["event"] for row in read_lines(halved.run.events)] == ["start", "done", "resume", "done"]
    assert next(iter(read_lines(halved.run.events)))["transfer"] == str(source)


def test_what_does_not_fit_is_named(trials: TrialMaker, source: Path) -> None:
    wide = attempt(trials, "wide", source, discriminator={"channel_max": 32, "channel_base": 256})
    assert run_attempt(wide, StopRequest()) == 2
    record = read_record(wide.run.record(1))
    assert record is not None
    assert record.state is State.FAILED
    assert "does not fit: discriminator.widths [16, 16, 8] there and [32, 32, 16] here" in record.message


def test_another_snapshot_than_the_planned_one_is_refused(trials: TrialMaker, source: Path) -> None:
    planned = identified(source)
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    source.write_bytes(content)
    config = attempt(trials, "child", source).config
    parts = make_parts(config, CPU)
    with pytest.raises(SnapshotError, match="is not the snapshot the run was planned with"):
        start_from(parts.state, config.networks, planned, source)


@pytest.mark.parametrize(
    ("kimg", "best_by", "of_another", "fits"),
    [
        (0.08, None, False, True),
        (0.04, None, False, False),
        (0.08, None, True, False),
        (0.2, "fid2k-lite0", False, True),
        (0.04, "fid2k-lite0", False, False),
    ],
)
def test_the_snapshot_of_a_trial_is_known_by_its_header(
    trials: TrialMaker, kimg: float, best_by: str | None, of_another: bool, fits: bool
) -> None:
    config = resolve({**TINY, "seed": 7}, describe(trials.data, trials.root))
    parts = make_parts(config, CPU)
    parts.state.images = 80
    file = save_snapshot(RunDir(trials.root / "source"), config, parts.state)
    trial = "0123456789ab" if of_another else trial_id(config)
    wanted = TransferFromTrial(trial=trial, kimg=kimg, best_by=best_by)
    if fits:
        start_from(make_parts(config, CPU).state, config.networks, wanted, file)
        return
    with pytest.raises(SnapshotError, match="is not the snapshot the run was planned with"):
        start_from(make_parts(config, CPU).state, config.networks, wanted, file)


HEAD = ["D/rotation.bias", "D/rotation.weight"]


def test_what_a_method_adds_starts_over_and_is_listed(trials: TrialMaker, source: Path) -> None:
    child = attempt(trials, "child", source, methods="aux-rotation")
    assert run_attempt(child, StopRequest()) == 0
    start = next(row for row in read_lines(child.run.events) if row["event"] == "start")
    assert start["fresh"] == HEAD
    assert "unused" not in start


def test_what_a_method_had_added_is_left_and_listed(trials: TrialMaker) -> None:
    with_head = merge(TINY, {"seed": 7, "methods": "aux-rotation"})
    config = resolve(with_head, describe(trials.data, trials.root))
    source = save_snapshot(RunDir(trials.root / "source"), config, make_parts(config, CPU).state)
    plain, same = (attempt(trials, name, source, methods=methods).config for name, methods in CHILDREN.items())
    assert plain.transfer is not None
    left = start_from(make_parts(plain, CPU).state, plain.networks, plain.transfer, source)
    assert (left.fresh, left.unused) == ([], HEAD)
    parts = make_parts(same, CPU)
    assert start_from(parts.state, same.networks, plain.transfer, source) == ([], [])
    assert torch.equal(parts.state.discriminator.get_parameter("rotation.weight"), tensors_of(source, "D")[HEAD[1][2:]])


CHILDREN: dict[str, Any] = {"plain": [], "same": "aux-rotation"}


def test_another_architecture_is_refused_however_many_tensors_match(trials: TrialMaker, source: Path) -> None:
    config = attempt(trials, "orig", source, discriminator={"architecture": "orig"}).config
    assert config.transfer is not None
    with pytest.raises(SnapshotError, match=r"architecture resnet there and orig here; set generator, disc"):
        start_from(make_parts(config, CPU).state, config.networks, config.transfer, source)


def test_missing_snapshot_is_one_line(trials: TrialMaker) -> None:
    with pytest.raises(SnapshotError, match=r"transfer: nowhere\.safetensors: no such file; give a \.safetensors"):
        resolve({"transfer": "nowhere.safetensors"}, describe(trials.data, trials.root))


@pytest.mark.parametrize("layers", FROZEN)
def test_frozen_layers_are_exactly_the_first(layers: int) -> None:
    spec = StyleGan2Discriminator(channel_base=128, channel_max=8, frozen_layers=layers)
    frozen = {part for k, parts in FROZEN.items() if k <= layers for part in parts}
    with torch.device("meta"):
        network = build(spec, 64, 3, 0)
    trainable = {name.rsplit(".", 1)[0] for name, _ in network.named_parameters()}
    kept = {name.rsplit(".", 1)[0] for name in network.state_dict() if not name.endswith("resample_filter")}
    assert kept - trainable == frozen
    assert {"b4.conv", "b4.fc", "b4.out"} <= trainable


@pytest.mark.parametrize("layers", [10, 13, 16])
@pytest.mark.parametrize("resolution", [256, 1024])
def test_grid_counts_whole_resolutions(layers: int, resolution: int) -> None:
    spec = StyleGan2Discriminator(channel_base=2048, channel_max=2, frozen_layers=layers)
    with torch.device("meta"):
        network = build(spec, resolution, 3, 0)
    blocks = [resolution // 2**level for level in range((layers - 1) // 3)]
    trainable = {name.partition(".")[0] for name, _ in network.named_parameters()}
    assert trainable.isdisjoint(f"b{block}" for block in blocks)
    assert f"b{blocks[-1] // 2}" in trainable


def test_run_by_hand_takes_a_snapshot(trials: TrialMaker, source: Path) -> None:
    from trainer.__main__ import main

    out = trials.root / "by-hand"
    sets = [f"{group}.{key}={value}" for group in ("generator", "discriminator") for key, value in TINY[group].items()]
    words = ["run", "--out", str(out), "--data", str(trials.data), "--preset", "tiny32", "--kimg", "0.008"]
    assert main([*words, "--metrics", "--set", f"transfer={source}", "batch=8", "micro_batch=4", *sets]) == 0
    job = json.loads(RunDir(out).job(1).read_text())
    assert job["options"]["transfer_path"] == str(source)
