"""EfficientNet-Lite0 on CPUs by compiled inverted residual blocks, whose expanded images stay in the caches."""

import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from trainer.metrics.detectors.lite0_network import InvertedResidual, NormalisedConvolution
from trainer.ops.native.inverted_residual import CompiledBlock, pixels


class CompiledBackbone:
    """Equals the network of `backbone` up to rounding; the stem is what expands the first block's channels."""

    def __init__(self, network: nn.Sequential) -> None:
        stem, *blocks, head = network
        assert isinstance(head, NormalisedConvolution)
        self._blocks = [_block(block, stem) for block in blocks]
        self._head = head.folded.kernel.flatten(1), head.folded.bias

    def __call__(self, x: Float32[Tensor, "n 3 128 128"]) -> Float32[Tensor, "n 1280"]:
        """Return the spatial means of the last activations."""
        for block in self._blocks:
            x = block(x)
        return F.linear(pixels(x), *self._head).clamp_(0, 6).mean((1, 2))


def _block(block: nn.Module, stem: nn.Module) -> CompiledBlock:
    assert isinstance(block, InvertedResidual)
    layers = list(block.layers) if len(block.layers) == 3 else [stem, *block.layers]
    expand, depthwise, project = (layer.folded for layer in layers if isinstance(layer, NormalisedConvolution))
    return CompiledBlock(expand, depthwise, project, block.stride, block.residual)
