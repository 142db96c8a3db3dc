"""Presets against the hyper-parameters that the official training script derives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.golden.cases import golden_dir
from trainer.config.augment import AdaAugment
from trainer.config.dataset.config import DataDescription
from trainer.config.presets.official import PRESETS, auto_row
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig


def _table() -> dict[str, Any]:
    path = golden_dir() / "10_train_cfg.json"
    return json.loads(path.read_text()) if path.exists() else {"auto": [], "cfgs": {}}


TABLE = _table()


def _data(resolution: int) -> DataDescription:
    return DataDescription(name="set", fingerprint="0" * 16, images=1000, resolution=resolution, channels=3)


def _row(config: TrainConfig) -> dict[str, Any]:
    return {
        "batch_size": config.batch,
        "batch_gpu": config.micro_batch,
        "mbstd": config.discriminator.minibatch_std_group,
        "channel_base": config.generator.channel_base,
        "channel_max": config.generator.channel_max,
        "lr": config.generator_optimizer.lr,
        "r1_gamma": config.objective.r1_gamma,
        "ema_kimg": config.ema.half_life_kimg,
        "ema_rampup": config.ema.rampup,
        "map_layers": config.generator.mapping_layers,
    }


def _assert_row(config: TrainConfig, row: dict[str, Any]) -> None:
    for key, value in _row(config).items():
        assert value == (row[key] if row[key] is None else pytest.approx(row[key], rel=1e-12)), key


def _auto_cases() -> Iterator[Any]:
    for row in TABLE["auto"]:
        yield pytest.param(row, id=row["desc"])


def test_golden_folder_is_there() -> None:
    if not golden_dir().exists():
        pytest.skip(f"no reference numbers in {golden_dir()}: set ADASWEEP_GOLDEN")
    assert TABLE["auto"]
    assert TABLE["cfgs"]


@pytest.mark.parametrize("row", _auto_cases())
def test_auto_equals_the_official_heuristic(row: dict[str, Any]) -> None:
    config = resolve({"preset": "auto", "preset_devices": row["gpus"]}, _data(row["res"]))
    _assert_row(config, row)
    assert row["total_kimg"] == auto_row(row["res"], row["gpus"]).kimg


@pytest.mark.parametrize("name", TABLE["cfgs"])
def test_preset_equals_the_official_one(name: str) -> None:
    full = TABLE["cfgs"][name]["full"]
    resolution = full["training_set_kwargs"]["resolution"]
    config = resolve({"preset": name, "preset_devices": full["num_gpus"]}, _data(resolution))
    _assert_row(config, TABLE["cfgs"][name]["row"])
    loss = full["loss_kwargs"]
    assert config.objective.path_length_weight == loss.get("pl_weight", 2)
    assert config.objective.style_mixing == loss.get("style_mixing_prob", 0.9)
    assert config.discriminator.architecture == full["D_kwargs"].get("architecture", "resnet")
    assert config.generator.z_dim == full["G_kwargs"]["z_dim"]
    assert config.generator.precision.top_resolutions == full["G_kwargs"]["synthesis_kwargs"]["num_fp16_res"]
    assert config.generator.precision.conv_clamp == full["G_kwargs"]["synthesis_kwargs"]["conv_clamp"]
    for optimizer in (config.generator_optimizer, config.discriminator_optimizer):
        assert [optimizer.beta1, optimizer.beta2] == full["G_opt_kwargs"]["betas"]
        assert optimizer.epsilon == full["G_opt_kwargs"]["eps"]
    assert isinstance(config.augment, AdaAugment)
    assert config.augment.target == full["ada_target"]


def test_every_official_configuration_is_a_preset() -> None:
    assert set(TABLE["cfgs"]) <= set(PRESETS)


def test_gamma_heuristic_is_within_a_factor_of_five_of_what_was_tuned() -> None:
    for name, resolution in (("paper256", 256), ("paper512", 512), ("paper1024", 1024), ("cifar", 32)):
        tuned = resolve({"preset": name}, _data(resolution)).objective.r1_gamma
        heuristic = auto_row(resolution, 8 if name != "cifar" else 2).gamma
        assert heuristic / 5 <= tuned <= heuristic * 5


def _settings_of(options: dict[str, Any], snapshot: str) -> dict[str, Any]:
    """Return our settings for official command line options."""
    renamed: dict[str, Any] = {
        "resume": {"transfer": snapshot},
        "freezed": {"discriminator": {"frozen_layers": options.get("freezed")}},
        "target": {"augment": {"target": options.get("target")}},
        "gamma": {"objective": {"r1_gamma": options.get("gamma")}},
    }
    return {key: value for option in options for key, value in renamed.get(option, {}).items()}


@pytest.mark.parametrize("name", [name for name in TABLE.get("options", {}) if name != "gamma_kimg_batch"])
def test_option_means_the_official_settings(name: str, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.safetensors"
    snapshot.write_bytes(b"any content")
    options, args = (TABLE["options"][name][part] for part in ("options", "args"))
    config = resolve(_settings_of(options, str(snapshot)), _data(args["training_set_kwargs"]["resolution"]))
    assert config.ema.rampup == args["ema_rampup"]
    assert config.objective.r1_gamma == pytest.approx(args["loss_kwargs"]["r1_gamma"])
    assert config.discriminator.frozen_layers == args["D_kwargs"]["block_kwargs"].get("freeze_layers", 0)
    assert isinstance(config.augment, AdaAugment)
    assert config.augment.horizon_kimg == args.get("ada_kimg", 500)
    assert config.augment.target == args.get("ada_target", 0.6)
