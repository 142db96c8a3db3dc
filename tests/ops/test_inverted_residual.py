"""A compiled inverted residual block equals its convolutions, and Lite0 made of them equals the one in torch."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainer.metrics.detectors.lite0 import Lite0
from trainer.ops.kernels import Kernels, using
from trainer.ops.native.inverted_residual import CompiledBlock, KernelAndBias, blocked, pixels
from trainer.ops.reference import ReferenceKernels

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}
pytestmark = pytest.mark.usefixtures("native")
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def random(*shape: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(*shape, dtype=dtype) / 2


def convolution(outputs: int, inputs: int, taps: int, dtype: torch.dtype) -> KernelAndBias:
    return KernelAndBias(random(outputs, inputs, taps, taps, dtype=dtype), random(outputs, dtype=dtype))


def same(x: Tensor, convolution: KernelAndBias, stride: int = 1, groups: int = 1) -> Tensor:
    """Return a convolution with TensorFlow's "same" padding: the odd line at the end."""
    total = convolution.kernel.shape[-1] - stride
    x = F.pad(x, (total // 2, total - total // 2) * 2)
    return F.conv2d(x, *convolution, stride=stride, groups=groups)


def by_torch(x: Tensor, parts: list[KernelAndBias], stride: int, residual: bool) -> Tensor:
    expand, depthwise, project = parts
    y = same(x, expand, stride=2 if expand.kernel.shape[-1] == 3 else 1).clamp(0, 6)
    y = same(y, depthwise, stride, groups=y.shape[1]).clamp(0, 6)
    y = same(y, project)
    return x + y if residual else y


@SETTINGS
@given(
    n=st.integers(1, 3), inputs=st.integers(1, 40), expanded=st.integers(1, 100), outputs=st.integers(1, 40),
    taps=st.sampled_from([3, 5]), stride=st.sampled_from([1, 2]), down=st.integers(1, 9),
    across=st.sampled_from([4, 8]), stem=st.booleans(), residual=st.booleans(), dtype=st.sampled_from(list(TOLERANCES)),
)  # fmt: skip
def test_a_block_is_its_three_convolutions(
    n: int, inputs: int, expanded: int, outputs: int, taps: int, stride: int, down: int, across: int,
    stem: bool, residual: bool, dtype: torch.dtype,
) -> None:  # fmt: skip
    torch.manual_seed(n + inputs + expanded)
    inputs, residual = 3 if stem else inputs, residual and stride == 1 and not stem
    outputs = inputs if residual else outputs
    parts = [
        convolution(expanded, inputs, 3 if stem else 1, dtype),
        convolution(expanded, 1, taps, dtype),
        convolution(outputs, expanded, 1, dtype),
    ]
    x = random(n, inputs, down * stride * (1 + stem), across * stride * (1 + stem), dtype=dtype)
    block = CompiledBlock(parts[0], parts[1], parts[2], stride, residual)
    mine = pixels(block(x if stem else blocked(x))).movedim(3, 1)
    theirs = by_torch(x, parts, stride, residual)
    assert mine[:, :outputs].shape == theirs.shape
    assert not mine[:, outputs:].any()
    assert (mine[:, :outputs] - theirs).abs().max() <= TOLERANCES[dtype] * max(1, float(theirs.abs().max()))


def block(stride: int = 1) -> CompiledBlock:
    """Return a block of 16 to 16 channels in float32."""
    sizes = (96, 16, 1), (96, 1, 3), (16, 96, 1)
    expand, depthwise, project = (convolution(*size, torch.float32) for size in sizes)
    return CompiledBlock(expand, depthwise, project, stride, residual=stride == 1)


@pytest.mark.parametrize("threads", [2, 3])
def test_several_threads_and_other_batches_compute_the_same_bits(threads: int) -> None:
    one, x = block(), blocked(torch.randn(5, 16, 32, 32))
    once = one(x)
    assert torch.equal(torch.cat([one(image) for image in x.split(1)]), once)
    torch.set_num_threads(threads)
    try:
        assert torch.equal(one(x), once)
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("shape", "dtype", "stride"),
    [((1, 1, 8, 6, 16), torch.float32, 1), ((1, 1, 7, 8, 16), torch.float32, 2), ((1, 1, 8, 8, 16), torch.float64, 1)],
)
def test_other_images_are_refused(shape: tuple[int, ...], dtype: torch.dtype, stride: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        block(stride)(torch.zeros(shape, dtype=dtype))


def test_features_of_lite0_are_those_of_torch_up_to_rounding_and_of_any_batch(native: Kernels) -> None:
    lite0 = Lite0()
    images = torch.randint(0, 256, (3, 1, 32, 32), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    with using(ReferenceKernels()):
        wanted = lite0.features(images)
    with using(native):
        mine = lite0.features(images)
        alone = torch.cat([lite0.features(image[None]) for image in images])
    assert not torch.equal(mine, wanted)  # both were computed
    torch.testing.assert_close(mine, wanted, atol=5e-5, rtol=1e-4)
    torch.testing.assert_close(mine, alone, atol=1e-5, rtol=1e-5)
