"""Projection into W: the latent and noise maps whose image is closest to a target (Karras et al. 2020b, App. D)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.model.network import GeneratorNetwork
from trainer.perceptual.distance import PerceptualFeatures, as_seen, distance
from trainer.projection.noise_maps import normalize_, regularization
from trainer.projection.schedule import Schedule
from trainer.runtime.randomness import generator_of, seed_everything

NOISE_WEIGHT = 1e5
LATENTS = 10_000
PAPER = Schedule()

ProjectionProgress = Callable[[int, float, Float[Tensor, "1 c h w"]], None]
"""Called after every step with its number, distance and image."""


class LatentCloud(NamedTuple):
    """Mean and spread of w: sigma is the root mean square distance from the mean."""

    mean: Float[Tensor, "1 wdim"]
    sigma: float


class Projection(NamedTuple):
    """A result: w, the noise map of every layer by name, the image in [-1, 1], and the remaining distance."""

    w: Float[Tensor, "1 wdim"]
    noises: dict[str, Tensor]
    image: Float[Tensor, "1 c h w"]
    distance: float


@torch.no_grad()
def latent_cloud(generator: GeneratorNetwork, c: Float[Tensor, "1 cdim"], count: int = LATENTS) -> LatentCloud:
    """Return mean and spread of w over `count` latents of class `c`."""
    z = torch.randn(count, generator.z_dim, generator=generator_of("projection")).to(c.device)
    ws = generator.mapping(z, c.expand(count, -1))[:, 0]
    mean = ws.mean(dim=0, keepdim=True)
    return LatentCloud(mean, float((ws - mean).square().sum(dim=1).mean().sqrt()))


class Projector:
    """Optimises w and the noise maps of a generator, which it modifies.

    `noise_weight` is alpha, the weight of the noise regularisation; with 0, noise maps are only normalised.
    """

    def __init__(
        self,
        generator: GeneratorNetwork,
        features: PerceptualFeatures,
        c: Float[Tensor, "1 cdim"],
        seed: int = 0,
        noise_weight: float = NOISE_WEIGHT,
    ) -> None:
        self._generator, self._features, self._seed = generator, features, seed
        self._noise_weight = noise_weight
        self._cloud = latent_cloud(generator, c)
        buffers = generator.synthesis.named_buffers()
        self._noises = {name: noise for name, noise in buffers if name.endswith("noise_const")}

    def project(
        self, target: Float[Tensor, "1 c h w"], schedule: Schedule = PAPER, progress: ProjectionProgress | None = None
    ) -> Projection:
        """Return the projection of a target in [-1, 1]."""
        seed_everything(self._seed, "projection")
        w = self._cloud.mean.clone().requires_grad_(True)
        for noise in self._noises.values():
            noise.data.normal_()
            noise.requires_grad_(True)
        optimizer = torch.optim.Adam([w, *self._noises.values()], betas=(0.9, 0.999))
        with torch.no_grad():
            wanted = self._features(as_seen(target))
        for step in range(schedule.steps):
            optimizer.param_groups[0]["lr"] = schedule.learning_rate(step)
            left, image = self._step(optimizer, w, wanted, self._cloud.sigma * schedule.noise_scale(step))
            if progress:
                progress(step, left, image)
        return self._found(w, wanted)

    def _step(
        self, optimizer: torch.optim.Optimizer, w: Float[Tensor, "1 wdim"], wanted: Float[Tensor, "1 d"], noise: float
    ) -> tuple[float, Float[Tensor, "1 c h w"]]:
        image = self._image(w + torch.randn_like(w) * noise)
        left = distance(self._features(as_seen(image)), wanted).sum()
        optimizer.zero_grad()
        (left + self._noise_weight * regularization(self._noises.values())).backward()
        optimizer.step()
        for noise_map in self._noises.values():
            normalize_(noise_map)
        return left.item(), image.detach()

    def _image(self, w: Float[Tensor, "1 wdim"]) -> Float[Tensor, "1 c h w"]:
        ws = w[:, None].expand(-1, self._generator.num_ws, -1)
        image: Tensor = self._generator.synthesis(ws, "const", force_fp32=True)
        return image

    @torch.no_grad()
    def _found(self, w: Float[Tensor, "1 wdim"], wanted: Float[Tensor, "1 d"]) -> Projection:
        image = self._image(w)
        left = distance(self._features(as_seen(image)), wanted).item()
        noises = {name: noise.detach().clone() for name, noise in self._noises.items()}
        return Projection(w.detach().clone(), noises, image, left)
