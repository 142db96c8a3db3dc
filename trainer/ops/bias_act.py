"""Bias, activation, gain and clamp in one step: y = clamp(gain * act(x + b))."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


class Activation(NamedTuple):
    """An activation with its default slope `alpha` and the gain that keeps unit variance (He et al. 2015)."""

    function: Callable[[Tensor, float], Tensor]
    alpha: float
    gain: float


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(lambda x, _: x, 0.0, 1.0),
    "relu": Activation(lambda x, _: F.relu(x), 0.0, math.sqrt(2)),
    "lrelu": Activation(F.leaky_relu, 0.2, math.sqrt(2)),
    "tanh": Activation(lambda x, _: torch.tanh(x), 0.0, 1.0),
    "sigmoid": Activation(lambda x, _: torch.sigmoid(x), 0.0, 1.0),
    "elu": Activation(lambda x, _: F.elu(x), 0.0, 1.0),
    "selu": Activation(lambda x, _: F.selu(x), 0.0, 1.0),
    "softplus": Activation(lambda x, _: F.softplus(x), 0.0, 1.0),
    "swish": Activation(lambda x, _: x * torch.sigmoid(x), 0.0, math.sqrt(2)),
}


def bias_act(
    x: Float[Tensor, "*shape"],
    bias: Float[Tensor, " c"] | None = None,
    dim: int = 1,
    activation: str = "linear",
    alpha: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Float[Tensor, "*shape"]:
    """Return clamp(gain * act(x + bias), -clamp, clamp); `bias` runs along axis `dim`, None takes a default."""
    act = ACTIVATIONS[activation]
    if bias is not None:
        x = x + bias.reshape([-1 if axis == dim else 1 for axis in range(x.ndim)])
    x = act.function(x, act.alpha if alpha is None else alpha)
    gain = act.gain if gain is None else gain
    x = x * gain if gain != 1 else x
    return x if clamp is None else x.clamp(-clamp, clamp)


def leaky_relu_in_place(x: Float[Tensor, "*shape"], clamp: float | None = None) -> Float[Tensor, "*shape"]:
    """Return clamp(lrelu(x), -clamp, clamp); x, which nobody else may keep, is overwritten unless it is a view.

    As lrelu(g x) = g lrelu(x), the gain can go where it costs nothing: into the weight and the bias before.
    """
    x = F.leaky_relu(x, ACTIVATIONS["lrelu"].alpha, inplace=not x._is_view())
    return x if clamp is None else x.clamp(-clamp, clamp)
