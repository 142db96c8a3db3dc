"""Networks of the reference files, built from constructor arguments in `meta` and a stored state dict."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from tests.golden.cases import DEVICE, Arrays, tensor
from trainer.config.networks.stylegan2 import Precision, StyleGan2Discriminator, StyleGan2Generator
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.ops.modulated_conv2d import Modulation

Cfg = dict[str, Any]

HALF = 1e-2
"""The ratio by which what is computed in half precision may be off."""

FIELDS = {
    "zd": "z_dim",
    "wd": "w_dim",
    "layers": "mapping_layers",
    "ch_base": "channel_base",
    "ch_max": "channel_max",
    "architecture": "architecture",
    "mbstd_group_size": "minibatch_std_group",
    "mbstd_num_channels": "minibatch_std_channels",
    "cmap_dim": "embedding_dim",
    "resample_filter": "resample_taps",
    "use_noise": "noise_inputs",
    "mapping_kwargs.num_layers": "mapping_layers",
    "synthesis_kwargs.resample_filter": "resample_taps",
    "synthesis_kwargs.use_noise": "noise_inputs",
    "block_kwargs.resample_filter": "resample_taps",
    "epilogue_kwargs.mbstd_group_size": "minibatch_std_group",
    "epilogue_kwargs.mbstd_num_channels": "minibatch_std_channels",
    "block_kwargs.freeze_layers": "frozen_layers",
}
OTHER = {"res", "img_channels", "cd", "num_fp16_res", "conv_clamp"}


def flat(cfg: Mapping[str, Any], prefix: str = "") -> Cfg:
    """Return arguments by dotted name; those of a part of the network are nested."""
    found: Cfg = {}
    for key, value in cfg.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def settings(cfg: Cfg) -> dict[str, Any]:
    """Return the fields of a network spec; an unknown argument is an error."""
    arguments = flat(cfg)
    unknown = set(arguments) - set(FIELDS) - OTHER
    assert not unknown, f"arguments without a counterpart: {sorted(unknown)}"
    reduced = arguments.get("num_fp16_res", 0)
    precision = Precision(
        dtype="fp16" if reduced else "fp32", top_resolutions=reduced, conv_clamp=arguments.get("conv_clamp")
    )
    return {FIELDS[key]: value for key, value in arguments.items() if key in FIELDS} | {"precision": precision}


def generator(cfg: Cfg, state: Arrays, modulation: Modulation = "activations") -> Generator:
    """Return the generator with the stored parameters."""
    spec = StyleGan2Generator(**settings(cfg), modulation=modulation)
    network = Generator(spec, cfg["res"], cfg.get("img_channels", 3), cfg.get("cd", 0))
    load(network, state)
    return network


def discriminator(cfg: Cfg, state: Arrays) -> Discriminator:
    """Return the discriminator with the stored parameters."""
    spec = StyleGan2Discriminator(**settings(cfg))
    network = Discriminator(spec, cfg["res"], cfg.get("img_channels", 3), cfg.get("cd", 0))
    load(network, state)
    return network


def load(network: nn.Module, state: Arrays) -> None:
    """Load the stored parameters and buffers; a file may omit the filters, which never change."""
    left = network.load_state_dict({name: tensor(value) for name, value in state.items()}, strict=False)
    network.to(DEVICE)
    assert not left.unexpected_keys, f"stored, but not ours: {left.unexpected_keys}"
    assert all(name.endswith("resample_filter") for name in left.missing_keys), f"not stored: {left.missing_keys}"


def is_half(cfg: Cfg) -> bool:
    """Return whether any resolution of either network computes in half precision."""
    return bool(cfg["G"].get("num_fp16_res", 0) or cfg["D"].get("num_fp16_res", 0))


def gradient_norms(network: nn.Module, names: list[str]) -> torch.Tensor:
    """Return the L2 norm of each named parameter's gradient, 0 if it has none."""
    parameters = dict(network.named_parameters())
    gradients = [parameters[name].grad for name in names]
    return torch.tensor([0.0 if g is None else float(g.norm()) for g in gradients], dtype=torch.float64)
