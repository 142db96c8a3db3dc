"""Adaptive pseudo augmentation (Jiang et al. 2021, "Deceive D", Sec. 3.2)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from trainer.augment.adaptive import InnerAugmenter
from trainer.config.methods import PseudoAugmentation
from trainer.objectives.generation import Generation
from trainer.objectives.method import Images, Method
from trainer.objectives.phases import MicroBatch, Stats
from trainer.registry import implements


@implements(PseudoAugmentation)
class PseudoAugmenter(Method):
    """Passes generated images off as real with probability p, in Dmain and R1; r_t includes them."""

    def __init__(self, spec: PseudoAugmentation) -> None:
        self.control = InnerAugmenter(spec)

    @torch.no_grad()
    def real_images(self, real: Images, micro_batch: MicroBatch, generation: Generation) -> Images:
        p = self.control.p
        if p == 0:
            return real
        pseudo = generation.images(generation.latents(torch.randn_like(micro_batch.z), micro_batch.real_c))
        passed_off = torch.rand(len(real), 1, 1, 1, device=real.device) < p
        return torch.where(passed_off, pseudo, real)

    def observe(self, stats: Stats) -> None:
        self.control.observe(stats)

    def step(self, iteration: int, batch: int) -> None:
        self.control.step(iteration, batch)

    def state_dict(self) -> dict[str, Tensor]:
        return self.control.state_dict()

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        self.control.load_state_dict(tensors)
