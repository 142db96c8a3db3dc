"""The presets of the papers as rows of a table, and the heuristic of the preset `auto`.

Sources: Karras et al. 2020 (ADA), Table 24 and the published training configurations. A preset's micro-batch is its
global batch over the number of devices it was published for.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trainer.config.presets.rivals import RIVALS
from trainer.errors import UserError

Tree = dict[str, Any]


class PresetRow(NamedTuple):
    """One preset. `ema_kimg` is the half-life; `rampup` None disables it; `gamma` is the weight of R1."""

    devices: int
    kimg: float
    batch: int
    minibatch_std: int
    channel_base: int
    lr: float
    gamma: float
    ema_kimg: float
    rampup: float | None
    mapping_layers: int


OFFICIAL: dict[str, PresetRow] = {
    "stylegan2": PresetRow(8, 25_000, 32, 4, 32768, 0.002, 10.0, 10.0, None, 8),
    "paper256": PresetRow(8, 25_000, 64, 8, 16384, 0.0025, 1.0, 20.0, None, 8),
    "paper512": PresetRow(8, 25_000, 64, 8, 32768, 0.0025, 0.5, 20.0, None, 8),
    "paper1024": PresetRow(8, 25_000, 32, 4, 32768, 0.002, 2.0, 10.0, None, 8),
    "cifar": PresetRow(2, 100_000, 64, 32, 32768, 0.0025, 0.01, 500.0, 0.05, 2),
    "cifarbaseline": PresetRow(2, 100_000, 64, 32, 32768, 0.0025, 0.01, 500.0, 0.05, 8),
}


def auto_row(resolution: int, devices: int) -> PresetRow:
    """Return the row of `auto`: batch, lr, gamma and half-life from the resolution and the number of devices."""
    batch = max(min(devices * min(4096 // resolution, 32), 64), devices)
    return PresetRow(
        devices=devices,
        kimg=25_000,
        batch=batch,
        minibatch_std=min(batch // devices, 4),
        channel_base=32768 if resolution >= 512 else 16384,
        lr=0.002 if resolution >= 1024 else 0.0025,
        gamma=0.0002 * resolution**2 / batch,
        ema_kimg=batch * 10 / 32,
        rampup=0.05,
        mapping_layers=2,
    )


def _official(row: PresetRow) -> Tree:
    precision = {"dtype": "fp16", "top_resolutions": 4, "conv_clamp": 256.0}
    width = {"channel_base": row.channel_base, "channel_max": 512, "precision": precision}
    return {
        "generator": {"type": "stylegan2", "mapping_layers": row.mapping_layers, **width},
        "discriminator": {"type": "stylegan2", "minibatch_std_group": row.minibatch_std, **width},
        "objective": {"type": "logistic", "r1_gamma": row.gamma},
        "augment": {"type": "ada"},
        "generator_optimizer": {"lr": row.lr, "regularize_every": 4},
        "discriminator_optimizer": {"lr": row.lr, "regularize_every": 16},
        "ema": {"half_life_kimg": row.ema_kimg, "rampup": row.rampup},
        "batch": row.batch,
        "micro_batch": row.batch // row.devices,
    }


def _cifar(row: PresetRow) -> Tree:
    """CIFAR-10 tuning (ADA, App. D): no path length, no style mixing, no skips in D."""
    tree = _official(row)
    tree["objective"] |= {"path_length_weight": 0.0, "style_mixing": 0.0}
    tree["discriminator"] |= {"architecture": "orig"}
    return tree


def _tiny(channel_base: int, gamma: float) -> Tree:
    """Small float32 networks for CPUs, about 0.2 M parameters each; ADA adapts five times as fast as in the paper."""
    tree = _official(PresetRow(1, 100, 16, 4, channel_base, 0.0025, gamma, 5.0, 0.05, 2))
    width = {"channel_max": 64, "precision": {}}
    tree["generator"] |= {**width, "z_dim": 64, "w_dim": 64}
    tree["discriminator"] |= width
    tree["augment"] |= {"horizon_kimg": 100.0}
    return tree


def _laptop(row: PresetRow, channel_max: int) -> Tree:
    """Networks for one core of a laptop, found by the searches in sweeps/presets: no path length, no style mixing.

    Each is the best sampled configuration, rounded: `laptop16` by the average FID of its seeds on clothes after 40
    core-seconds, `laptop32` by the FID of its worst seed on satellite photographs after two core-minutes.
    """
    tree = _official(row)
    width = {"channel_max": channel_max, "precision": {}}
    tree["generator"] |= {**width, "z_dim": 64, "w_dim": 64}
    tree["discriminator"] |= width
    tree["objective"] |= {"path_length_weight": 0.0, "style_mixing": 0.0}
    tree["augment"] |= {"horizon_kimg": 25.0}
    return tree


_FIXED: dict[str, Tree] = {
    **{name: _official(row) for name, row in OFFICIAL.items()},
    "cifar": _cifar(OFFICIAL["cifar"]),
    "tiny32": _tiny(channel_base=512, gamma=0.1),
    "tiny64": _tiny(channel_base=1024, gamma=0.4),
    "laptop16": _laptop(PresetRow(1, 40, 32, 4, 256, 0.008, 0.005, 0.5, 0.05, 4), channel_max=32),
    "laptop32": _laptop(PresetRow(1, 40, 32, 4, 512, 0.009, 0.1, 2.2, 0.05, 1), channel_max=32),
    **RIVALS,
}

PRESETS = ("auto", *_FIXED)


TRANSFER: Tree = {"augment": {"horizon_kimg": 100.0}, "ema": {"rampup": None}}
"""Overrides for a run that starts from a snapshot: ADA adapts five times as fast, and no EMA ramp-up."""


def preset_tree(name: str, resolution: int, devices: int = 1, transfer: bool = False) -> Tree:
    """Return the settings of preset `name` as a tree of plain values, without the data.

    `resolution` in pixels and `devices` matter only for `auto`.
    """
    if name not in PRESETS:
        raise UserError("preset", f"no preset is called {name!r}", f"choose one of {', '.join(PRESETS)}")
    tree = _official(auto_row(resolution, devices)) if name == "auto" else _FIXED[name]
    return merge(tree, TRANSFER) if transfer else tree


def merge(base: Tree, over: Mapping[str, Any]) -> Tree:
    """Return `base` updated by `over`, key by key; a tagged choice of another `type` replaces the whole group."""
    return {**base, **{key: _merged_value(base.get(key), value) for key, value in over.items()}}


def _merged_value(base: Any, over: Any) -> Any:
    if not isinstance(base, dict):
        return over
    if isinstance(over, str) and "type" in base:
        over = {"type": over}
    if not isinstance(over, dict | Mapping):  # dict first: checking against an abstract class takes ten times as long
        return over
    if over.get("type", base.get("type")) != base.get("type"):
        return dict(over)
    return merge(base, over)
