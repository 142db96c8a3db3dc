"""The layers of BigGAN (Brock et al. 2019, App. B), all with spectral normalisation (Miyato et al. 2018).

[1] Brock et al. 2019, "Large scale GAN training for high fidelity natural image synthesis"
[2] Zhang et al. 2019, "Self-attention generative adversarial networks", Eq. 1 and 2
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear, max_pool2d, softmax

from trainer.model.network import PowerIterated
from trainer.model.spectral import SpectralNorm
from trainer.model.standing_statistics import StandingNorm
from trainer.ops.convolution import convolve

NORMAL_SCALE = 0.02
Initialisation = Literal["orthogonal", "normal"]


class Drawing:
    """Weight initialisation: orthogonal [1], or N(0, 0.02^2). `epsilon` bounds norms in power iterations from below."""

    def __init__(self, initialisation: Initialisation, epsilon: float) -> None:
        self.initialisation, self.epsilon = initialisation, epsilon

    def weight(self, *shape: int) -> Float[Tensor, "..."]:
        """Return a new weight."""
        weight = torch.randn(shape) * NORMAL_SCALE
        if self.initialisation == "orthogonal":
            nn.init.orthogonal_(weight)
        return weight


class Normalised(PowerIterated):
    """Dense layer or convolution: a weight [o i] or [o i k k], divided by its largest singular value, and a bias."""

    def __init__(self, drawing: Drawing, outputs: int, *inputs: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawing.weight(outputs, *inputs))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.norm = SpectralNorm(outputs, drawing.epsilon)

    def forward(self, x: Float[Tensor, "n i *hw"]) -> Float[Tensor, "n o *hw"]:
        weight: Tensor = self.norm(self.weight)
        if weight.ndim == 2:
            return linear(x, weight, self.bias)
        return convolve(x, weight, self.bias, padding=weight.shape[-1] // 2)

    def advance(self) -> None:
        self.norm.advance(self.weight)


class ConditionalNorm(nn.Module):
    """Batch normalisation with gain and shift linear in a vector w, which has part of z and the class embedding [1]."""

    def __init__(self, drawing: Drawing, channels: int, w_dim: int, epsilon: float) -> None:
        super().__init__()
        self.norm = StandingNorm(channels, epsilon)
        self.gain = Normalised(drawing, channels, w_dim, bias=False)
        self.shift = Normalised(drawing, channels, w_dim, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"], w: Float[Tensor, "n wdim"]) -> Float[Tensor, "n c h w"]:
        y: Tensor = self.norm(x)
        gain: Tensor = 1 + self.gain(w)
        shift: Tensor = self.shift(w)
        return y * gain[:, :, None, None] + shift[:, :, None, None]


class ClassNorm(nn.Module):
    """Batch normalisation with a gain and a shift of its own for every class, as before shared embeddings [1]."""

    def __init__(self, drawing: Drawing, channels: int, classes: int, epsilon: float) -> None:
        super().__init__()
        self.norm = StandingNorm(channels, epsilon)
        self.embedded_gain = nn.Parameter(drawing.weight(channels, classes))
        self.embedded_shift = nn.Parameter(drawing.weight(channels, classes))

    def forward(self, x: Float[Tensor, "n c h w"], labels: Float[Tensor, "n cdim"]) -> Float[Tensor, "n c h w"]:
        y: Tensor = self.norm(x)
        gain, shift = 1 + linear(labels, self.embedded_gain), linear(labels, self.embedded_shift)
        return y * gain[:, :, None, None] + shift[:, :, None, None]


class Attention(nn.Module):
    """x + gamma V softmax(Q K^T), keys and values at half the resolution; gamma is initially zero [2]."""

    def __init__(self, drawing: Drawing, channels: int) -> None:
        super().__init__()
        small, half = max(channels // 8, 1), max(channels // 2, 1)
        self.query, self.key = (Normalised(drawing, small, channels, 1, 1, bias=False) for _ in range(2))
        self.value = Normalised(drawing, half, channels, 1, 1, bias=False)
        self.out = Normalised(drawing, channels, half, 1, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros([]))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        query, key, value = self.query(x), max_pool2d(self.key(x), 2), max_pool2d(self.value(x), 2)
        weights = softmax(query.flatten(2).mT @ key.flatten(2), dim=-1)
        seen = (value.flatten(2) @ weights.mT).view(len(x), -1, *x.shape[2:])
        attended: Tensor = x + self.gamma * self.out(seen)
        return attended
