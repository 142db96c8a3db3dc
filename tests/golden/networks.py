"""Networks as the reference files describe them: from constructor arguments in `meta` and a stored state dict."""

from typing import Any

import torch

from tests.golden.cases import Arrays, tensor
from trainer.config.networks.stylegan2 import Precision, StyleGan2Discriminator, StyleGan2Generator
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator

Cfg = dict[str, Any]

FIELDS = {
    "zd": "z_dim",
    "wd": "w_dim",
    "layers": "mapping_layers",
    "ch_base": "channel_base",
    "ch_max": "channel_max",
    "architecture": "architecture",
    "mbstd_group_size": "minibatch_std_group",
}
OTHER = {"res", "img_channels", "cd", "num_fp16_res", "conv_clamp"}


def settings(cfg: Cfg) -> dict[str, Any]:
    """Return the fields of a network spec; an argument this table does not know is an error."""
    unknown = set(cfg) - set(FIELDS) - OTHER
    assert not unknown, f"arguments without a counterpart: {sorted(unknown)}"
    reduced = cfg.get("num_fp16_res", 0)
    precision = Precision(
        dtype="fp16" if reduced else "fp32", top_resolutions=reduced, conv_clamp=cfg.get("conv_clamp")
    )
    return {FIELDS[key]: value for key, value in cfg.items() if key in FIELDS} | {"precision": precision}


def generator(
    cfg: Cfg, state: Arrays, modulation: str = "activations", dtype: torch.dtype = torch.float32
) -> Generator:
    """Return the generator with the stored parameters."""
    spec = StyleGan2Generator(**settings(cfg), modulation=modulation)
    network = Generator(spec, cfg["res"], cfg.get("img_channels", 3), cfg.get("cd", 0))
    network.load_state_dict({name: tensor(value) for name, value in state.items()})
    return network.to(dtype)


def discriminator(cfg: Cfg, state: Arrays, dtype: torch.dtype = torch.float32) -> Discriminator:
    """Return the discriminator with the stored parameters."""
    spec = StyleGan2Discriminator(**settings(cfg))
    network = Discriminator(spec, cfg["res"], cfg.get("img_channels", 3), cfg.get("cd", 0))
    network.load_state_dict({name: tensor(value) for name, value in state.items()})
    return network.to(dtype)


def gradient_norms(network: torch.nn.Module, names: list[str]) -> torch.Tensor:
    """Return the L2 norm of each named parameter's gradient, 0 where it has none."""
    parameters = dict(network.named_parameters())
    gradients = [parameters[name].grad for name in names]
    return torch.tensor([0.0 if g is None else float(g.norm()) for g in gradients], dtype=torch.float64)
