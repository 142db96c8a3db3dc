"""Generate images for training, with style mixing and the moving average of w."""

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork
from trainer.objectives.phases import MicroBatchMean, SumOverRanks


def mixing_cutoff(num_ws: int, probability: float) -> int:
    """Return the first layer that uses the second latent: uniform in 1 ... num_ws - 1, or num_ws for no mixing."""
    cutoff = int(torch.randint(1, num_ws, []))
    return cutoff if float(torch.rand([])) < probability else num_ws


class Generation:
    """Runs a generator as in training. w_avg is updated once per phase, over all micro-batches and ranks."""

    def __init__(self, generator: GeneratorNetwork, style_mixing: float, noise_mode: NoiseMode = "random") -> None:
        self.generator, self.style_mixing, self.noise_mode = generator, style_mixing, noise_mode
        self._mean_w = MicroBatchMean()

    def latents(self, z: Float[Tensor, "n zdim"], c: Float[Tensor, "n cdim"]) -> Float[Tensor, "n layers wdim"]:
        """Return ws of z, with styles of a second latent starting at a random layer (StyleGAN, Sec. 3.1)."""
        mapping, num_ws = self.generator.mapping, self.generator.active_ws
        ws: Tensor = mapping(z, c)
        self._mean_w.add(ws[:, 0].mean(dim=0))
        if not self.style_mixing:
            return ws
        cutoff = mixing_cutoff(num_ws, self.style_mixing)
        other = torch.randn_like(z)
        return ws if cutoff == num_ws else torch.cat([ws[:, :cutoff], mapping(other, c)[:, cutoff:]], dim=1)

    def images(self, ws: Float[Tensor, "n layers wdim"], force_fp32: bool = False) -> Float[Tensor, "n channels h w"]:
        """Return the images of ws."""
        images: Tensor = self.generator.synthesis(ws, self.noise_mode, force_fp32)
        return images

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Update w_avg with the mean w of the phase, if it mapped any latents."""
        if self._mean_w:
            self.generator.mapping.move_average(self._mean_w.take(sum_over_ranks))
