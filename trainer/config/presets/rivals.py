"""Presets of the families that preceded StyleGAN2, and of StyleGAN2's configurations A to F.

[1] Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN", Table 1 and App. B
[2] Karras et al. 2018, "Progressive growing of GANs", App. A
[3] Brock et al. 2019, "Large scale GAN training", App. C; Schoenfeld et al. 2020 (the unconditional variant)

Other published rows are variants of these presets: the 3x3 architectures of [1], Table 2, are `stylegan2-e` with
generator.architecture and discriminator.architecture; the variants of its Table 4 are `stylegan2-f` with
methods: spectral-norm, generator.spectral_norm, generator.demodulate and objective.path_length_weight; the rows of [2],
Table 1, are `progan` with parts disabled.
"""

from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]

EAGER: Tree = {"regularize_every": None}
GROWTH: Tree = {"type": "progressive-growing"}
BATCHES: Mapping[int, int] = {4: 512, 8: 256, 16: 128, 32: 64, 64: 32}
"""Batches of the lower resolutions on eight devices; higher ones have 32."""


def _adam(lr: float, **settings: Any) -> Tree:
    return {"lr": lr, **settings}


def _shared(width: int) -> Tree:
    """Return what StyleGAN2's configurations share: logistic loss, no augmentation, batch 32 on eight devices."""
    return {
        "generator": {"type": "stylegan2", "channel_base": width},
        "discriminator": {"type": "stylegan2", "channel_base": width},
        "objective": {"type": "logistic", "r1_gamma": 10.0},
        "augment": {"type": "none"},
        "ema": {"half_life_kimg": 10.0},
        "batch": 32,
        "micro_batch": 4,
    }


def _growing(style: str, r1_every: int | None, path_length_weight: float) -> Tree:
    """Return one of the configurations A to D: they start at 8x8, with an lr that rises from 0.001 to 0.003."""
    batches = {resolution: batch for resolution, batch in BATCHES.items() if resolution >= 8}
    return {
        **_shared(16384),
        "generator": {"type": "stylegan", "style": style},
        "discriminator": {"type": "stylegan"},
        "objective": {"type": "logistic", "r1_gamma": 10.0, "path_length_weight": path_length_weight},
        "generator_optimizer": _adam(0.001, regularize_every=4 if path_length_weight else None),
        "discriminator_optimizer": _adam(0.001, regularize_every=r1_every),
        "methods": [{**GROWTH, "first_resolution": 8, "batches": batches}],
    }


def _grown(width: int, gamma: float) -> Tree:
    return {
        **_shared(width),
        "objective": {"type": "logistic", "r1_gamma": gamma},
        "generator_optimizer": _adam(0.002, regularize_every=4),
        "discriminator_optimizer": _adam(0.002, regularize_every=16),
    }


def _progan() -> Tree:
    """Return ProGAN as trained on eight devices [2]."""
    return {
        "generator": {"type": "progan"},
        "discriminator": {"type": "progan"},
        "objective": {"type": "wgan-gp", "style_mixing": 0.0},
        "augment": {"type": "none"},
        "generator_optimizer": _adam(0.001, **EAGER),
        "discriminator_optimizer": _adam(0.001, **EAGER),
        "ema": {"half_life_kimg": 10.0, "beta": 0.999},
        "batch": 32,
        "micro_batch": 4,
        "methods": [{**GROWTH, "batches": dict(BATCHES)}],
    }


def _biggan(generator: Tree, discriminator: Tree, lr: tuple[float, float], batch: tuple[int, int], steps: int) -> Tree:
    shared = {"beta1": 0.0, "beta2": 0.999, "epsilon": 1e-6, **EAGER}
    return {
        "generator": {"type": "biggan", **generator},
        "discriminator": {"type": "biggan", **discriminator},
        "objective": {"type": "hinge", "style_mixing": 0.0, "discriminator_steps": steps},
        "augment": {"type": "none"},
        "generator_optimizer": _adam(lr[0], **shared),
        "discriminator_optimizer": _adam(lr[1], **shared),
        "batch": batch[0],
        "micro_batch": batch[1],
    }


def _conditional() -> Tree:
    """Return BigGAN on ImageNet: two steps of D for each step of G, EMA from iteration 20,000 of G [3]."""
    tree = _biggan({"z_dim": 120}, {}, (5e-5, 2e-4), (2048, 256), 2)
    return {**tree, "ema": {"half_life_kimg": 10.0, "beta": 0.9999, "start_kimg": 20_000 * 2 * 2.048}}


def _unconditional() -> Tree:
    """Return the variant whose normalisations depend on z alone; EMA starts at iteration 21,000 [3]."""
    width = {"channels": 64, "attention": None}
    tree = _biggan(width, width, (1e-4, 5e-4), (20, 10), 1)
    return {**tree, "ema": {"half_life_kimg": 10.0, "beta": 0.9999, "start_kimg": 21_000 * 0.02}}


RIVALS: Mapping[str, Tree] = {
    "stylegan2-a": _growing("adain", r1_every=None, path_length_weight=0.0),
    "stylegan2-b": _growing("demodulation", r1_every=None, path_length_weight=0.0),
    "stylegan2-c": _growing("demodulation", r1_every=16, path_length_weight=0.0),
    "stylegan2-d": _growing("demodulation", r1_every=16, path_length_weight=2.0),
    "stylegan2-e": _grown(16384, gamma=100.0),
    "stylegan2-f": _grown(32768, gamma=10.0),
    "progan": _progan(),
    "biggan": _conditional(),
    "biggan-unconditional": _unconditional(),
}
