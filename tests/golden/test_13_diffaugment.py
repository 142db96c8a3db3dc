"""DiffAugment with the random numbers of the reference."""

from typing import Any

import torch
from torch import Tensor

from tests.golden.cases import below, cases, check, load, stored, tensor
from trainer.augment.diffaugment import diff_augment
from trainer.augment.draws import RandomDraws

FILE = "13_diffaugment.npz"
META, ARRAYS = load(FILE)


class ReplayedDraws(RandomDraws):
    """Returns recorded draws in order, and checks that each request is the recorded one."""

    def __init__(self, kinds: list[list[Any]], recorded: list[Tensor]) -> None:
        self._left = list(zip(kinds, recorded, strict=True))

    def uniform(self, like: Tensor) -> Tensor:
        (kind,), recorded = self._left.pop(0)
        assert kind == "rand"
        return recorded.reshape(like.shape)

    def integers(self, count: int, like: Tensor) -> Tensor:
        (kind, (low, high)), recorded = self._left.pop(0)
        assert (kind, count) == ("randint", high - low)
        numbers: Tensor = (recorded - low).to(like).reshape(like.shape)
        return numbers


@cases(FILE, list(META))
def test_images_and_gradients_equal_the_reference(case: str) -> None:
    arrays, settings = below(ARRAYS, case), META[case]
    draws = ReplayedDraws(settings["draws"], [tensor(arrays[f"draw{i}"]) for i in range(len(settings["draws"]))])
    images = tensor(stored(arrays, "x")["x"]).requires_grad_()
    out = diff_augment(images, settings["policy"].split(","), draws)
    check(arrays, "out", out, 2e-6)
    if "dy" in arrays:
        check(arrays, "dx", torch.autograd.grad(out, images, tensor(arrays["dy"]))[0], 2e-6)
