"""Bias, activation, gain and clamp in one step: y = clamp(gain * act(x + b))."""

from jaxtyping import Float
from torch import Tensor

from trainer.ops.activations import ACTIVATIONS as ACTIVATIONS
from trainer.ops.kernels import kernels


def bias_act(
    x: Float[Tensor, "*shape"],
    bias: Float[Tensor, " c"] | None = None,
    dim: int = 1,
    activation: str = "linear",
    alpha: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Float[Tensor, "*shape"]:
    """Return clamp(gain * act(x + bias), -clamp, clamp); `bias` is along axis `dim`; alpha and gain have defaults."""
    act = ACTIVATIONS[activation]
    alpha, gain = act.alpha if alpha is None else alpha, act.gain if gain is None else gain
    return kernels().bias_act(x, bias, dim, activation, alpha, gain, clamp)


def leaky_relu_in_place(x: Float[Tensor, "*shape"], clamp: float | None = None) -> Float[Tensor, "*shape"]:
    """Return clamp(lrelu(x), -clamp, clamp). May overwrite x, which must not be used elsewhere.

    As lrelu(g x) = g lrelu(x), a gain can be folded into the preceding weight and bias at no cost.
    """
    return kernels().leaky_relu(x, clamp)
