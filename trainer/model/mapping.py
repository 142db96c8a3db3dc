"""The mapping network f: z, c -> w (StyleGAN, Sec. 2), also used to embed the discriminator's condition."""

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.model.layers import FullyConnected
from trainer.model.network import LatentMapping

LR_MULTIPLIER = 0.01
W_AVG_BETA = 0.995


def normalized(x: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Return x / sqrt(mean x^2 + 1e-8), with unit second moment in every row."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class Mapping(LatentMapping):
    """Fully connected layers from [z, embedded c] to w, with a moving average of w for truncation.

    `normalize_label` True normalises z and the embedded label separately before concatenation; False normalises the
    concatenation, as in StyleGAN. z_dim 0 maps the label alone. `num_ws` None returns w itself.
    """

    w_avg: Tensor

    def __init__(
        self,
        z_dim: int,
        condition_dim: int,
        w_dim: int,
        layers: int,
        num_ws: int | None,
        normalize_label: bool = True,
    ) -> None:
        super().__init__()
        self.z_dim, self.condition_dim, self.num_ws, self.normalize_label = (
            z_dim,
            condition_dim,
            num_ws,
            normalize_label,
        )
        self.depth = layers
        if condition_dim:
            self.embed = FullyConnected(condition_dim, w_dim)
        inputs = z_dim + (w_dim if condition_dim else 0)
        for index in range(layers):
            layer = FullyConnected(inputs if index == 0 else w_dim, w_dim, "lrelu", lr_multiplier=LR_MULTIPLIER)
            self.add_module(f"fc{index}", layer)
        if num_ws is not None:
            self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(
        self,
        z: Float[Tensor, "n zdim"] | None,
        c: Float[Tensor, "n cdim"],
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_w_avg: bool = False,
    ) -> Float[Tensor, "n layers wdim"] | Float[Tensor, "n wdim"]:
        """Return w for every layer, the first `truncation_cutoff` of them truncated: lerp(w_avg, w, psi)."""
        x = self._inputs(z, c)
        for index in range(self.depth):
            x = self.get_submodule(f"fc{index}")(x)
        if self.num_ws is None:
            return x
        if update_w_avg:
            self.move_average(x.detach().mean(dim=0))
        ws = x.unsqueeze(1).repeat(1, self.num_ws, 1)
        return ws if truncation_psi == 1 else self._truncated(ws, truncation_psi, truncation_cutoff)

    def move_average(self, mean_w: Float[Tensor, " wdim"]) -> None:
        """Move w_avg towards the mean w of a batch: w_avg <- lerp(mean_w, w_avg, 0.995)."""
        self.w_avg.lerp_(mean_w.to(self.w_avg.dtype), 1 - W_AVG_BETA)

    def _inputs(self, z: Tensor | None, c: Tensor) -> Tensor:
        parts = [] if z is None or not self.z_dim else [z]
        if self.condition_dim:
            parts.append(self.embed(c))
        if self.normalize_label:
            return torch.cat([normalized(part) for part in parts], dim=1)
        return normalized(torch.cat(parts, dim=1))

    def _truncated(self, ws: Tensor, psi: float, cutoff: int | None) -> Tensor:
        cutoff = ws.shape[1] if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(ws[:, :cutoff], psi), ws[:, cutoff:]], dim=1)
