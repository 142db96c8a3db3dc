"""Presets and options against the hyper-parameters that the official training script derives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.golden.cases import cases, golden_dir, load
from trainer.augment.pipe import transforms_of
from trainer.config.augment import AdaAugment, AnyAugment, FixedAugment, Pipe
from trainer.config.dataset.config import DataDescription
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.presets.official import PRESETS, auto_row
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.config.training import Adam, Logistic

FILE = "10_train_cfg.json"
TABLE, _ = load(FILE)
AUTO = {row["desc"]: row for row in TABLE.get("auto", [])}
BANDS = {f"filter{band}": "imgfilter" for band in range(4)}
OFFICIAL_NAMES = {"rotate_pre": "rotate", "rotate_post": "rotate", **BANDS}
WITHOUT_EFFECT = {"nhwc", "nobench", "allow_tf32", "workers", "snap", "metrics", "kimg", "dry_run"}
"""What changes speed, length and output of a run, and no step of it."""

OF_DATA = {"cond": "labels", "mirror": "mirror", "subset": "subset"}
OF_AUGMENT = {"aug", "augpipe", "p", "target"}
TAKEN = {"cfg", "gpus", "batch", "gamma", "seed", "resume", "freezed", "fp32", *OF_DATA, *OF_AUGMENT}
FULL_PRECISION = {"precision": {"dtype": "fp32", "top_resolutions": 0, "conv_clamp": None}}

Table = Mapping[str, Any]


def described(resolution: int) -> DataDescription:
    return DataDescription(name="set", fingerprint="0" * 16, images=1000, resolution=resolution, channels=3, classes=10)


def parts(config: TrainConfig) -> tuple[StyleGan2Generator, StyleGan2Discriminator, Logistic]:
    """Return the parts that the official script has."""
    generator, discriminator, objective = config.generator, config.discriminator, config.objective
    assert isinstance(generator, StyleGan2Generator)
    assert isinstance(discriminator, StyleGan2Discriminator)
    assert isinstance(objective, Logistic)
    return generator, discriminator, objective


def assert_equal(mine: Table, golden: Table) -> None:
    """Assert that the values are equal; values missing from the table are not compared."""
    for key in mine.keys() & golden.keys():
        wanted = golden[key]
        assert mine[key] == (pytest.approx(wanted, rel=1e-12) if isinstance(wanted, float) else wanted), key


def row_of(config: TrainConfig) -> dict[str, Any]:
    generator, discriminator, objective = parts(config)
    return {
        "batch_size": config.batch,
        "batch_gpu": config.micro_batch,
        "mbstd": discriminator.minibatch_std_group,
        "channel_base": generator.channel_base,
        "channel_max": generator.channel_max,
        "lr": config.generator_optimizer.lr,
        "r1_gamma": objective.r1_gamma,
        "ema_kimg": config.ema.half_life_kimg,
        "ema_rampup": config.ema.rampup,
        "map_layers": generator.mapping_layers,
    }


def width_of(network: StyleGan2Generator | StyleGan2Discriminator) -> dict[str, Any]:
    return {
        "channel_base": network.channel_base,
        "channel_max": network.channel_max,
        "num_fp16_res": network.precision.top_resolutions,
        "conv_clamp": network.precision.conv_clamp,
        "architecture": network.architecture,
    }


def adam_of(adam: Adam) -> dict[str, Any]:
    return {"lr": adam.lr, "betas": [adam.beta1, adam.beta2], "eps": adam.epsilon}


def assert_script(config: TrainConfig, args: Table) -> None:
    """Assert that a configuration equals what the official script passes to its training loop."""
    generator, discriminator, objective = parts(config)
    g, d = args["G_kwargs"], args["D_kwargs"]
    assert_equal({"z_dim": generator.z_dim, "w_dim": generator.w_dim}, g)
    assert_equal({"num_layers": generator.mapping_layers}, g["mapping_kwargs"])
    assert_equal(width_of(generator), {"architecture": "skip"} | g["synthesis_kwargs"])
    assert_equal(width_of(discriminator), {"architecture": "resnet"} | d)
    assert_equal({"num_layers": discriminator.mapping_layers}, {"num_layers": 8} | d["mapping_kwargs"])
    assert_equal({"freeze_layers": discriminator.frozen_layers}, {"freeze_layers": 0} | d["block_kwargs"])
    group = {
        "mbstd_group_size": discriminator.minibatch_std_group,
        "mbstd_num_channels": discriminator.minibatch_std_channels,
    }
    assert_equal(group, {"mbstd_num_channels": 1} | d["epilogue_kwargs"])
    assert_equal(adam_of(config.generator_optimizer), args["G_opt_kwargs"])
    assert_equal(adam_of(config.discriminator_optimizer), args["D_opt_kwargs"])
    loss = {
        "r1_gamma": objective.r1_gamma,
        "pl_weight": objective.path_length_weight,
        "pl_decay": objective.path_length_decay,
        "pl_batch_shrink": objective.path_length_batch_shrink,
        "style_mixing_prob": objective.style_mixing,
    }
    defaults = {"pl_weight": 2, "pl_decay": 0.01, "pl_batch_shrink": 2, "style_mixing_prob": 0.9}
    assert_equal(loss, defaults | args["loss_kwargs"])
    assert_equal(row_of(config), {key: args[key] for key in ("batch_size", "batch_gpu", "ema_kimg", "ema_rampup")})
    assert_equal({"random_seed": config.seed}, args)
    data = {"use_labels": config.data.labels, "xflip": config.data.mirror, "random_seed": config.data.subset_seed}
    assert_equal(data, args["training_set_kwargs"])
    assert_augmentation(config.augment, args)


def assert_augmentation(augment: AnyAugment, args: Table) -> None:
    if not args.get("augment_kwargs"):
        assert augment.type == "none"
        return
    assert isinstance(augment, AdaAugment | FixedAugment)
    assert official_transforms(augment.pipe) == strengths(args["augment_kwargs"])
    if isinstance(augment, FixedAugment):
        assert augment.p == args["augment_p"]
        return
    assert augment.target == args["ada_target"]
    assert augment.horizon_kimg == args.get("ada_kimg", 500)
    assert augment.p_initial == args.get("augment_p", 0)


def official_transforms(pipe: Pipe) -> dict[str, float]:
    return {OFFICIAL_NAMES.get(name, name): 1 for name in transforms_of(pipe)}


def strengths(kwargs: Table) -> dict[str, float]:
    return {name: value for name, value in kwargs.items() if name != "class_name"}


def test_golden_folder_is_there() -> None:
    if not golden_dir().exists():
        pytest.skip(f"no reference numbers in {golden_dir()}: set ADASWEEP_GOLDEN")
    assert any(golden_dir().iterdir())


@cases(FILE, list(AUTO))
def test_auto_equals_the_official_heuristic(case: str) -> None:
    row = AUTO[case]
    config = resolve({"preset": "auto", "preset_devices": row["gpus"]}, described(row["res"]))
    assert_equal(row_of(config), row)
    assert row.get("total_kimg", 25_000) == auto_row(row["res"], row["gpus"]).kimg


@cases(FILE, list(TABLE.get("cfgs", {})))
def test_preset_equals_the_official_one(case: str) -> None:
    golden = TABLE["cfgs"][case]
    full = golden["full"]
    settings = {"preset": case, "preset_devices": full["num_gpus"]}
    config = resolve(settings, described(full["training_set_kwargs"]["resolution"]))
    assert_equal(row_of(config), golden.get("row", {}))
    assert_script(config, full)


@cases(FILE, list(TABLE.get("augpipe", {})))
def test_pipe_has_the_official_transforms(case: Pipe) -> None:
    assert official_transforms(case) == strengths(TABLE["augpipe"][case])


def test_every_official_configuration_is_a_preset() -> None:
    assert set(TABLE.get("cfgs", {})) <= set(PRESETS)


def test_gamma_heuristic_is_within_a_factor_of_five_of_what_was_tuned() -> None:
    for name, resolution in (("paper256", 256), ("paper512", 512), ("paper1024", 1024), ("cifar", 32)):
        tuned = parts(resolve({"preset": name}, described(resolution)))[2].r1_gamma
        heuristic = auto_row(resolution, 8 if name != "cifar" else 2).gamma
        assert heuristic / 5 <= tuned <= heuristic * 5


def augment_of(options: Table) -> dict[str, Any]:
    kind = {"noaug": "none"}.get(options.get("aug", "ada"), options.get("aug", "ada"))
    ours = {"augpipe": "pipe", "p": "p_initial" if kind == "ada" else "p", "target": "target"}
    return {"type": kind, **{ours[name]: options[name] for name in ours if name in options}}


def settings_of(options: Table, snapshot: str) -> dict[str, Any]:
    """Return our settings for official command line options."""
    unknown = set(options) - TAKEN - WITHOUT_EFFECT
    assert not unknown, f"options without a counterpart: {sorted(unknown)}"
    gpus = options.get("gpus", 1)
    data = {OF_DATA[name]: value for name, value in options.items() if name in OF_DATA}
    precision = FULL_PRECISION if options.get("fp32") else {}
    frozen = {"frozen_layers": options["freezed"]} if "freezed" in options else {}
    networks = {"generator": precision, "discriminator": precision | frozen}
    ours = {"preset": options.get("cfg", "auto"), "preset_devices": gpus, "augment": augment_of(options), "data": data}
    if "batch" in options:
        ours |= {"batch": options["batch"], "micro_batch": options["batch"] // gpus}
    if "gamma" in options:
        ours |= {"objective": {"r1_gamma": options["gamma"]}}
    if "seed" in options:
        ours |= {"seed": options["seed"]}
    return ours | networks | ({"transfer": snapshot} if options.get("resume", "noresume") != "noresume" else {})


@cases(FILE, list(TABLE.get("options", {})))
def test_option_means_the_official_settings(case: str, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.safetensors"
    snapshot.write_bytes(b"any content")
    options, args = (TABLE["options"][case][part] for part in ("options", "args"))
    config = resolve(settings_of(options, str(snapshot)), described(args["training_set_kwargs"]["resolution"]))
    assert_script(config, args)
