"""The inputs and outputs of probes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor, nn

from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.errors import UserError
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.samples import Draw
from trainer.evaluation.shared_work import Progress
from trainer.files import Guard, replace_file
from trainer.images.grids import write_png
from trainer.images.latents import load_generator
from trainer.model.generator import Generator
from trainer.model.network import GeneratorNetwork
from trainer.state.snapshot import load_network

Arrays = Mapping[str, Shaped[np.ndarray, "..."]]


@dataclass(frozen=True)
class ProbeContext:
    """A snapshot of a trial, with its data and the feature networks, all loaded on first use."""

    snapshot: Path
    config: TrainConfig
    train_set: TrainSet
    feature_networks: FeatureNetworks
    cache_dir: Path
    device: torch.device
    progress: Progress
    seed: int = 0

    @cached_property
    @torch.inference_mode(False)
    def generator(self) -> GeneratorNetwork:
        """Return the moving average of the generator, loaded outside inference mode so that it is differentiable."""
        return load_generator(self.snapshot).to(self.device)

    @property
    def stylegan2(self) -> Generator:
        """Return the same, if it is a StyleGAN2 generator. Raises UserError otherwise."""
        if not isinstance(self.generator, Generator):
            family = self.config.generator.type
            raise UserError("probe", f"needs a StyleGAN2 generator, but this one is {family}", "remove the probe")
        return self.generator

    @property
    def styled(self) -> GeneratorNetwork:
        """Return the same, if it has a w and noise maps, as StyleGAN and StyleGAN2 have. Raises UserError otherwise."""
        if not self.generator.spec.maps:
            family = self.config.generator.type
            raise UserError("probe", f"needs a generator with a w, but this one is {family}", "remove the probe")
        return self.generator

    def images_of(self, draws: Draw) -> Float[Tensor, "n c h w"]:
        """Return images in [-1, 1] with constant noise, in fp32."""
        ws = self.generator.mapping(draws.z, draws.c)
        images: Tensor = self.generator.synthesis(ws, noise_mode="const", force_fp32=True)
        return images

    @cached_property
    @torch.inference_mode(False)
    def discriminator(self) -> nn.Module:
        """Return the discriminator."""
        return load_network(self.snapshot, "D").to(self.device)


@dataclass(frozen=True)
class ProbeResults:
    """Arrays by name, stored in one .npz file, and pictures, each a PNG beside it."""

    arrays: Arrays
    pictures: Mapping[str, UInt8[Tensor, "c h w"]] = field(default_factory=dict)


def write_results(path: Path, results: ProbeResults, guard: Guard | None = None) -> None:
    """Write the pictures, then the .npz at `path`: if it exists, the results are complete."""
    for name, image in results.pictures.items():
        write_png(path.with_name(f"{path.stem}-{name}.png"), image, guard)
    buffer = io.BytesIO()
    content: dict[str, Any] = dict(results.arrays)
    np.savez_compressed(buffer, **content)
    replace_file(path, buffer.getvalue(), guard)
