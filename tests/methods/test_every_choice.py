"""Every tagged spec is implemented, trains, and resumes bit for bit after an interruption."""

import importlib
import pkgutil
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import torch

import trainer.config
from tests.support.trials import TINY
from trainer.attempt.assemble import make_parts, make_stepper
from trainer.config.dataset.describe import describe
from trainer.config.presets.official import merge
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.resolve import resolve
from trainer.config.spec import Spec
from trainer.data.dataset import TrainSet
from trainer.registry import is_implemented
from trainer.runtime.world import World
from trainer.state.train_state import Tensors
from trainer.training.step import Stepper

PLAIN: dict[str, Any] = {"augment": "none", "generator": {"precision": {}}, "discriminator": {"precision": {}}}
FAST: dict[str, Any] = {"horizon_kimg": 0.1, "interval": 2}
NOT_LAZY: dict[str, Any] = {
    "generator_optimizer": {"regularize_every": None},
    "discriminator_optimizer": {"regularize_every": None},
}

NOT_LAZY_G: dict[str, Any] = {"generator_optimizer": {"regularize_every": None}}
W: dict[str, Any] = {"channel_base": 64, "z_dim": 8}
STYLEGAN: dict[str, Any] = {"type": "stylegan", "w_dim": 8, "mapping_layers": 2, **W}
STYLEGAN_D: dict[str, Any] = {"type": "stylegan", "channel_base": 64}
PROGAN_D: dict[str, Any] = {"type": "progan", "channel_base": 64}
GROWTH: dict[str, Any] = {
    "type": "progressive-growing",
    "stable_kimg": 0.004,
    "fade_kimg": 0.02,
    "batches": {4: 8, 8: 8, 16: 4},
    "lr_factors": {16: 1.5},
    "hold_iterations": 1,
}
GROWN: dict[str, Any] = {"methods": [GROWTH]}
UNMAPPED: dict[str, Any] = {"path_length_weight": 0.0, "style_mixing": 0.0}
CRITIC: dict[str, Any] = {"type": "wgan-gp", "style_mixing": 0.0}
BIGGAN: dict[str, Any] = {
    "augment": "none",
    "generator": {"type": "biggan", "z_dim": 12, "channels": 2, "attention": 8, "standing_passes": 2},
    "discriminator": {"type": "biggan", "channels": 2, "attention": 8},
    "objective": {"type": "hinge", "style_mixing": 0.0},
    "ema": {"beta": 0.9, "start_kimg": 0.01},
    **NOT_LAZY,
}
LADDER: dict[str, dict[str, Any]] = {
    "a": {"generator": {**STYLEGAN}, "discriminator": STYLEGAN_D, **NOT_LAZY, **GROWN},
    "b": {"generator": {**STYLEGAN, "style": "demodulation"}, "discriminator": STYLEGAN_D, **NOT_LAZY, **GROWN},
    "c": {"generator": {**STYLEGAN, "style": "demodulation"}, "discriminator": STYLEGAN_D, **GROWN},
}

CHOICES: dict[str, dict[str, Any]] = {
    "ada": {"augment": {"type": "ada", **FAST}},
    "fixed": {"augment": {"type": "fixed", "p": 0.3}},
    "none": {"augment": "none"},
    "pagan": {"augment": {"type": "pagan", "p_initial": 0.2, **FAST}},
    "pagan-paper": {"augment": {"type": "pagan", "fade": "paper", "p_initial": 0.2, **FAST}},
    "adaptive-dropout": {"augment": {"type": "adaptive-dropout", "p_initial": 0.1, **FAST}},
    "diffaugment": {"augment": "diffaugment"},
    "diffaugment-input": {"augment": {"type": "diffaugment", "r1_at": "input", "policy": "color,translation"}},
    "diffaugment-reals": {"augment": {"type": "diffaugment", "applied_to": "reals"}},
    "diffaugment-discriminator": {"augment": {"type": "diffaugment", "applied_to": "discriminator"}},
    "dataset": {"augment": {"type": "dataset", "transform": "rotation"}},
    "logistic-not-lazy": {**PLAIN, **NOT_LAZY},
    "wgan-gp": {**PLAIN, **NOT_LAZY, "objective": "wgan-gp"},
    "hinge": {"objective": "hinge", "methods": "spectral-norm"},
    "lsgan-r1": {"objective": {"type": "lsgan", "r1_gamma": 1.0, "path_length_weight": 1.0}},
    "lecam": {"methods": "lecam"},
    "bcr": {"methods": {"type": "bcr", "transform": "flip"}},
    "bcr-rotation": {"methods": {"type": "bcr", "transform": "rotation"}},
    "cr": {"methods": {"type": "bcr", "transform": "flip-shift", "fake_weight": 0}},
    "cr-diffaugment": {"augment": "diffaugment", "methods": {"type": "bcr", "transform": "none", "fake_weight": 0}},
    "zcr": {**PLAIN, "methods": "zcr"},
    "aux-rotation": {"methods": "aux-rotation"},
    "spectral-norm": {"methods": "spectral-norm"},
    "shallow-mapping": {"generator": {"mapping_layers": 4}, "methods": "shallow-mapping"},
    "apa": {"methods": {"type": "apa", "p_initial": 0.2, **FAST}},
    "all-that-go-together": {
        "augment": {"type": "ada", **FAST},
        "methods": ["lecam", {"type": "bcr", "transform": "flip"}, "aux-rotation", "spectral-norm", "apa"],
    },
    "capacity": {"discriminator": {"capacity": 2}},
    "freeze-d": {"discriminator": {"frozen_layers": 4}},
    "config-a": {"augment": "none", "objective": {"path_length_weight": 0.0}, **LADDER["a"]},
    "config-b": {"augment": "none", "objective": {"path_length_weight": 0.0}, **LADDER["b"]},
    "config-c": {"augment": "none", "objective": {"path_length_weight": 0.0}, **LADDER["c"]},
    "config-d": {"augment": "none", **LADDER["c"]},
    **{
        f"matrix-{g}-{d}": {"generator": {"architecture": g}, "discriminator": {"architecture": d}}
        for g in ("orig", "skip", "resnet")
        for d in ("orig", "skip", "resnet")
    },
    "spectral-norm-of-g-and-d": {
        "generator": {"spectral_norm": True, "demodulate": False},
        "methods": "spectral-norm",
    },
    "stylegan-with-ada": {"augment": {"type": "ada", **FAST}, **LADDER["c"]},
    "stylegan-with-layers-of-methods": {
        **LADDER["c"],
        "augment": {"type": "pagan", "p_initial": 0.2, **FAST},
        "methods": [GROWTH, "spectral-norm", "lecam"],
    },
    "stylegan-with-dropout": {
        **LADDER["a"],
        "augment": {"type": "adaptive-dropout", "p_initial": 0.1, **FAST},
        "objective": {"path_length_weight": 0.0},
    },
    "progan-wgan-gp": {
        **NOT_LAZY,
        "augment": "none",
        "generator": {"type": "progan", **W},
        "discriminator": PROGAN_D,
        "objective": {**CRITIC, "discriminator_steps": 2},
        **GROWN,
    },
    "progan-lsgan": {
        **NOT_LAZY,
        "augment": "none",
        "generator": {"type": "progan", **W},
        "discriminator": PROGAN_D,
        "objective": {"type": "lsgan", "style_mixing": 0.0},
        "methods": [GROWTH, "discriminator-noise"],
    },
    "progan-first-rows-of-table-1": {
        **NOT_LAZY,
        "augment": "none",
        "generator": {"type": "progan", "normalisation": "batch", "equalised": False, **W},
        "discriminator": {**PROGAN_D, "normalisation": "layer", "variety": "discrimination", "equalised": False},
        "objective": CRITIC,
    },
    "biggan": {**BIGGAN, "data": {"labels": True}, "methods": "orthogonal"},
    "biggan-unconditional": {**BIGGAN, "methods": [{"type": "orthogonal", "discriminator_beta": 1e-4}]},
}
SMALL = {"generator": {"channel_max": 4}, "discriminator": {"channel_max": 4}}
KIMG_TRAINED, KIMG_SLOW = 0.032, 2.0


def specs() -> Iterator[type[Spec]]:
    for module in pkgutil.iter_modules(trainer.config.__path__):
        importlib.import_module(f"trainer.config.{module.name}")
    waiting = [Spec]
    while waiting:
        spec = waiting.pop()
        waiting += spec.__subclasses__()
        if "type" in spec.model_fields:
            yield spec


@pytest.mark.parametrize("spec", sorted(specs(), key=attrgetter("__name__")))
def test_every_tagged_spec_is_implemented(spec: type[Spec]) -> None:
    assert is_implemented(spec)


@pytest.mark.parametrize("spec", sorted(specs(), key=attrgetter("__name__")))
def test_every_tagged_spec_is_trained_here(spec: type[Spec]) -> None:
    def tags(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (tag for part in value for tag in tags(part))
        elif isinstance(value, dict):
            yield from tags(value.get("type", []))

    places = ("augment", "objective", "methods", "generator", "discriminator")
    named = {tag for settings in CHOICES.values() for place in places for tag in tags(settings.get(place, []))}
    assert spec.model_fields["type"].default in named | {"stylegan2", "logistic"}


def stepper(settings: dict[str, Any], data: Path, root: Path, tensors: Tensors | None = None) -> Stepper:
    config = resolve(merge(merge(TINY, SMALL), settings), describe(data, root))
    device = torch.device("cpu")
    parts = make_parts(config, device)
    if tensors is not None:
        parts.state.load_tensors(tensors)
    return make_stepper(config, parts, TrainSet(config.data, data, root / "cache"), World(device=device))


def train(made: Stepper, kimg: float) -> None:
    while made.state.images < kimg * 1000:
        made.step()


@pytest.mark.parametrize("name", CHOICES)
def test_choice_trains_and_resumes_bit_for_bit(name: str, tiny_set: Path, tmp_path: Path) -> None:
    check_resume(CHOICES[name], KIMG_TRAINED, tiny_set, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOICES)
def test_choice_trains_two_kimg_and_resumes_bit_for_bit(name: str, tiny_set: Path, tmp_path: Path) -> None:
    check_resume(scaled_up(CHOICES[name]), KIMG_SLOW, tiny_set, tmp_path)


def scaled_up(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings for larger batches; growing is inside a fade after half of two kimg."""
    methods = settings.get("methods", [])
    slower = {"stable_kimg": 0.3, "fade_kimg": 0.9, "batches": {4: 80, 8: 40, 16: 20}}
    grown = [{**method, **slower} if method is GROWTH else method for method in methods if isinstance(methods, list)]
    return {**settings, "batch": 40, "micro_batch": 20, "methods": grown or methods}


def test_growing_choices_are_broken_off_inside_a_fade() -> None:
    for settings, kimg in ((GROWTH, KIMG_TRAINED), (scaled_up({"methods": [GROWTH]})["methods"][0], KIMG_SLOW)):
        spec = ProgressiveGrowing.model_validate(settings)
        assert not spec.level(spec.batch_schedule(8, 16).held(round(kimg / 2 * 1000)), 16).is_integer()


def same(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors are equal bit for bit, NaN (no reading yet) included."""
    return first.shape == second.shape and first.numpy().tobytes() == second.numpy().tobytes()


def check_resume(settings: dict[str, Any], kimg: float, data: Path, root: Path) -> None:
    calm, broken_off = stepper(settings, data, root), stepper(settings, data, root)
    train(calm, kimg)
    train(broken_off, kimg / 2)
    resumed = stepper(settings, data, root, broken_off.state.to_tensors())
    train(resumed, kimg)
    expected, got = calm.state.to_tensors(), resumed.state.to_tensors()
    assert expected.keys() == got.keys()
    assert [name for name in expected if not same(expected[name], got[name])] == []
    assert all(value.isfinite().all() for name, value in expected.items() if not name.endswith("reading"))
