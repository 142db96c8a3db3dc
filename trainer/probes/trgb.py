"""How much each resolution contributes to an image (Karras et al. 2020b, Sec. 4.2, Fig. 8).

The standard deviation of each ToRGB's outputs over many latents, as shares with sum 1. In networks with skip
connections the image is the sum of these outputs; other architectures have one ToRGB, with a share of 1.
"""

from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from trainer.evaluation.samples import Samples
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 1024


class Spread:
    """Running sums over all values of a layer."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, 0.0, 0.0

    def add(self, values: Tensor) -> None:
        """Add the values of a batch."""
        exact = values.double()
        self.count += exact.numel()
        self.total += float(exact.sum())
        self.squares += float(exact.square().sum())

    @property
    def deviation(self) -> float:
        """Return the standard deviation of all values so far."""
        mean = self.total / self.count
        return float(np.sqrt(max(0.0, self.squares / self.count - mean**2)))


@torch.inference_mode()
def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `resolution` [r], `deviation` [r] and `share` [r] of every ToRGB, coarsest first."""
    spreads: dict[int, Spread] = defaultdict(Spread)
    synthesis = context.stylegan2.synthesis
    layers = {
        side: block.torgb
        for side, block in zip(synthesis.resolutions, synthesis.blocks(), strict=True)
        if block.has_rgb
    }
    with ExitStack() as stack:
        for side, layer in layers.items():
            hook = layer.register_forward_hook(partial(_listen, spreads[side]))
            stack.callback(hook.remove)
        for _ in Samples(context.generator, context.train_set, context.seed).images(count or COUNT):
            context.progress("trgb")
    deviations = np.array([spreads[side].deviation for side in layers])
    shares = deviations / deviations.sum()
    return ProbeResults({"resolution": np.array(list(layers)), "deviation": deviations, "share": shares})


def _listen(spread: Spread, _layer: nn.Module, _inputs: Any, values: Tensor) -> None:
    spread.add(values)
