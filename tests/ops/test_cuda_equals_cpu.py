"""On a machine with a GPU: the CUDA library computes what the CPU library computes, value and gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainer.ops import choice
from trainer.ops.build import place
from trainer.ops.kernels import Kernels
from trainer.ops.resampling import Steps

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}
STEPS = Steps((2, 1), (1, 2), (3, -1), (2, 4), False)
THETA = torch.tensor([[[0.8, -0.5, 0.2], [0.6, 0.9, -0.1]]]).expand(2, -1, -1)


def operations(kernels: Kernels, device: str) -> dict[str, Callable[[Tensor], Tensor]]:
    torch.manual_seed(0)
    f, scale, noise, bias = (
        t.to(device) for t in (torch.randn(4, 4), torch.rand(2, 40), torch.randn(9, 9), torch.randn(40))
    )
    return {
        "lrelu": lambda x: kernels.bias_act(x, bias, 1, "lrelu", 0.2, 1.4, 0.9),
        "swish": lambda x: kernels.bias_act(x, bias, 1, "swish", 0.0, 1.4, None),
        "resample": lambda x: kernels.resample(x, f, STEPS),
        "modulate": lambda x: kernels.modulate(x, scale),
        "finish": lambda x: kernels.finish(x, scale, noise, bias, 256.0),
        "warp": lambda x: kernels.warp(x, THETA.to(device), 7, 11),
    }


@pytest.fixture(scope="module")
def cuda() -> Kernels:
    """Return the CUDA operations."""
    if place.library("cuda") is None:
        pytest.fail("there is a GPU, but no build for it: adasweep ops build")
    return choice.native("cuda", smallest=0)


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", ["lrelu", "swish", "resample", "modulate", "finish", "warp"])
def test_equal(native: Kernels, cuda: Kernels, name: str, layout: torch.memory_format, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    images = torch.randn(2, 40, 9, 9).to(dtype).contiguous(memory_format=layout)
    found = []
    for kernels, device in ((native, "cpu"), (cuda, "cuda")):
        x = images.to(device).requires_grad_()
        y = operations(kernels, device)[name](x)
        found.append([y, *torch.autograd.grad(y.float().square().sum(), x)])
    for mine, theirs in zip(*found, strict=True):
        assert (mine.double() - theirs.cpu().double()).abs().max() <= TOLERANCES[dtype] * mine.abs().max().clamp(min=1)
