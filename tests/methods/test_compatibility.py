"""Incompatible choices are refused when planning, with a fix; compatible ones pass."""

from typing import Any

import pytest
from pydantic import ValidationError

from trainer.config.dataset.config import DataDescription
from trainer.config.identity import trial_id
from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.config.presets.official import merge
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig

FULL: dict[str, Any] = {"preset": "tiny32"}
HALF: dict[str, Any] = {"preset": "auto"}
NOT_LAZY = {"generator_optimizer": {"regularize_every": None}, "discriminator_optimizer": {"regularize_every": None}}
PLAIN = {"augment": "none", **FULL}
NO_CLAMP = {name: {"precision": {"conv_clamp": None}} for name in ("generator", "discriminator")}


def config(settings: dict[str, Any], resolution: int = 32) -> TrainConfig:
    data = DataDescription(
        name="set", fingerprint="0123456789abcdef", images=1000, resolution=resolution, channels=3, classes=10
    )
    return resolve(merge({"data": {"subset": 500}}, settings), data)


UNMAPPED = {"objective": {"style_mixing": 0, "path_length_weight": 0}}
GROWN = {**FULL, "generator": "stylegan", "discriminator": "stylegan"}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({**FULL, **NOT_LAZY, "objective": "wgan-gp"}, "wgan-gp is defined without augmentation; set augment to none"),
    ({**PLAIN, "objective": "wgan-gp"}, "set generator_optimizer.regularize_every"),
    ({**HALF, **NOT_LAZY, "augment": "none", "objective": "wgan-gp"}, "wgan-gp computes in fp32"),
    ({**PLAIN, **NOT_LAZY, "objective": {"type": "wgan-gp", "r1_gamma": 1}}, "r1_gamma"),
    ({**HALF, "augment": "none", "methods": "zcr"}, "zcr computes in fp32"),
    ({**HALF, "augment": "none", "methods": "zcr"}, "zcr clamps no activations"),
    ({**FULL, "methods": "zcr"}, "zcr is defined without augmentation"),
    ({**PLAIN, "methods": "aux-rotation", "data": {"labels": True}}, "set data.labels to false"),
    ({**FULL, "methods": "aux-rotation", "augment": "pagan"}, "other than pagan"),
    ({**FULL, "methods": "bcr", "augment": "pagan"}, "other than pagan"),
    ({**FULL, "methods": "shallow-mapping"}, "generator.mapping_layers to 8"),
    ({**FULL, "methods": ["lecam", "lecam"]}, "lecam is listed twice"),
    ({**FULL, "methods": "le-cam"}, "methods"),
    ({**FULL, "augment": {"type": "pagan", "pipe": "bgc"}}, "pipe"),
    ({**FULL, "augment": {"type": "ada", "p": 0.1}}, "p"),
    ({**FULL, "augment": {"type": "fixed", "p": 0.1, "target": 0.6}}, "target"),
    ({**FULL, "augment": {"type": "none", "pipe": "bgc"}}, "pipe"),
    ({**FULL, "augment": {"type": "adaptive-dropout", "heuristic": "rv"}}, "set data.validation"),
    ({**FULL, "methods": {"type": "apa", "heuristic": "rv"}}, "set data.validation"),
    ({**FULL, "micro_batch": 2}, "minibatch_std"),
    ({**FULL, "methods": "progressive-growing"}, "set generator.type and discriminator.type to stylegan or progan"),
    ({**GROWN, "methods": {"type": "progressive-growing", "first_resolution": 32}}, "has nothing to grow"),
    ({**GROWN, "methods": {"type": "progressive-growing", "batches": {4: 24}}}, "batch 24 does not divide into micro"),
    ({**FULL, "generator": "progan"}, "set objective.style_mixing to 0"),
    ({**FULL, "generator": "biggan", "objective": {"style_mixing": 0}}, "set objective.path_length_weight to 0"),
    ({**FULL, **UNMAPPED, "generator": "progan", "methods": "shallow-mapping"}, "needs a mapping network"),
    ({**FULL, **UNMAPPED, "generator": "progan", "data": {"labels": True}}, "knows no classes; set data.labels to"),
    (
        {**FULL, "discriminator": "progan", "methods": "spectral-norm"},
        "set discriminator.type to stylegan2 or stylegan",
    ),
    ({**FULL, "discriminator": "biggan", "augment": "pagan"}, "set discriminator.type to stylegan2 or stylegan"),
    ({**FULL, "discriminator": "biggan", "augment": "adaptive-dropout"}, "set discriminator.type to stylegan2"),
    ({**FULL, "methods": "discriminator-noise"}, "set discriminator.type to progan"),
    ({**FULL, **UNMAPPED, "generator": "biggan"}, "set generator.attention to null"),
    ({**FULL, "discriminator": {"type": "biggan", "attention": 32}}, "set discriminator.attention to null"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_conflict_is_refused_with_what_to_change(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("choice", [{"methods": "bcr"}, {"augment": "dataset"}])
def test_translation_by_less_than_a_pixel_is_refused(choice: dict[str, Any]) -> None:
    config({**FULL, **choice})
    with pytest.raises(ValidationError, match="set transform to flip"):
        config({**FULL, **choice}, resolution=16)


ACCEPTED: list[dict[str, Any]] = [
    {**PLAIN, **NOT_LAZY, "objective": "wgan-gp"},
    {**PLAIN, "methods": "zcr", **NO_CLAMP},
    {**FULL, "methods": ["bcr", "lecam", "apa", "spectral-norm", "aux-rotation"]},
    {**FULL, "preset": "cifarbaseline", "methods": "shallow-mapping"},
    {**GROWN, "methods": ["progressive-growing", "spectral-norm", "lecam"], "augment": "pagan"},
    {**FULL, **UNMAPPED, "generator": {"type": "biggan", "attention": 16}, "discriminator": "progan"},
    *({**FULL, "augment": augment} for augment in ("pagan", "adaptive-dropout", "diffaugment", "dataset")),
]


@pytest.mark.parametrize("settings", ACCEPTED)
def test_what_goes_together_passes(settings: dict[str, Any]) -> None:
    config(settings)


WRONG: dict[str, Any] = {
    "seed": -1,
    "data": {"subset": -1},
    "generator": "stylegan4",
    "discriminator": {"type": "stylegan2", "group": -1},
    "objective": {"r1_gamma": -1},
    "augment": "adaa",
    "methods": ["le-cam"],
    "generator_optimizer": {"lr": -1},
    "discriminator_optimizer": {"lr": "fast"},
    "ema": {"half_life_kimg": -1},
    "batch": 0,
    "micro_batch": "many",
    "colour": "red",
}


@pytest.mark.parametrize("field", ["seed", "ema", "colour"])
@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_a_wrong_value_hides_no_conflict(settings: dict[str, Any], message: str, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config({**settings, field: WRONG[field]})
    assert message in str(caught.value)
    assert field in {str(detail["loc"][0]) for detail in caught.value.errors() if detail["loc"]}


@pytest.mark.parametrize("field", WRONG)
@pytest.mark.parametrize("settings", ACCEPTED)
def test_a_wrong_value_makes_no_conflict(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config({**settings, field: WRONG[field]})
    assert {str(detail["loc"][0]) if detail["loc"] else detail["msg"] for detail in caught.value.errors()} == {field}


def test_every_conflict_is_an_error_of_its_own() -> None:
    with pytest.raises(ValidationError) as caught:
        config({**FULL, "batch": 24, "augment": {"type": "ada", "heuristic": "rv"}, "data": {"subset": 5000}})
    batch, images, validation = (detail["msg"] for detail in caught.value.errors())
    assert "batch 24 does not divide" in batch
    assert "more than the 1000 images" in images
    assert "needs validation images" in validation


def test_biggan_is_refused_for_sizes_it_is_not_defined_for() -> None:
    with pytest.raises(ValidationError, match="biggan is defined for images of 8, 16, 32, 64, 128, 256, 512 pixels"):
        config({**FULL, "discriminator": {"type": "biggan", "attention": None}}, resolution=1024)


def test_order_and_spelling_of_methods_do_not_change_the_id() -> None:
    spellings: list[Any] = [["bcr", "lecam"], ["lecam", "bcr"], [{"type": "lecam"}, {"type": "bcr", "real_weight": 10}]]
    assert len({trial_id(config({**FULL, "methods": methods})) for methods in spellings}) == 1
    assert trial_id(config({**FULL, "methods": []})) == trial_id(config(FULL))


def test_shallow_mapping_builds_the_shallower_network() -> None:
    deep = config({"preset": "cifarbaseline", "methods": "shallow-mapping"})
    assert isinstance(deep.generator, StyleGan2Generator)
    assert deep.generator.mapping_layers == 8
    assert deep.networks.generator == deep.generator.model_copy(update={"mapping_layers": 2})
