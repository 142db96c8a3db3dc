"""Spectral normalisation of a weight (Miyato et al. 2018): W / sigma(W), sigma by power iteration.

Every pass through the layer starts from the same u, so that the result does not depend on the division of a batch into
micro-batches; u advances by one power iteration per training iteration.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

EPSILON = 1e-12


class SpectralNorm(nn.Module):
    """W -> W / (u^T W v), with u and v after one power iteration and constant in the gradient."""

    u: Tensor

    def __init__(self, outputs: int, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.register_buffer("u", torch.randn(outputs))

    def forward(self, weight: Float[Tensor, "o *ikk"]) -> Float[Tensor, "o *ikk"]:
        matrix = weight.flatten(1)
        u, v = self._iterated(matrix)
        return weight / (u @ matrix @ v)

    @torch.no_grad()
    def _iterated(self, matrix: Float[Tensor, "o j"]) -> tuple[Float[Tensor, " o"], Float[Tensor, " j"]]:
        v = normalize(matrix.T @ self.u, dim=0, eps=self.epsilon)
        return normalize(matrix @ v, dim=0, eps=self.epsilon), v

    @torch.no_grad()
    def advance(self, weight: Float[Tensor, "o *ikk"]) -> None:
        """Advance u by one power iteration."""
        self.u.copy_(self._iterated(weight.flatten(1))[0])
