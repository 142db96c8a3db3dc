"""The exponential moving average of the generator's weights (ProGAN, Sec. 6.1; half-life and ramp as in ADA)."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, beta: float) -> None:
    """Move every parameter of `average` towards `network` by 1 - beta; buffers are copied, not averaged."""
    averages: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(averages, [parameter.detach() for parameter in network.parameters()], 1 - beta)
    for mine, theirs in zip(average.buffers(), network.buffers(), strict=True):
        mine.copy_(theirs)
