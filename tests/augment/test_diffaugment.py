"""DiffAugment with random draws: the parts it hides, and its derivatives."""

import pytest
import torch
from scipy import stats
from torch import Tensor

from trainer.augment.diffaugment import POLICIES, diff_augment


@pytest.mark.parametrize(
    ("height", "width", "mean", "least", "most"), [(32, 32, 0.187, 0.0625, 0.25), (15, 10, 0.199, 0.0, 0.267)]
)
def test_cutout_hides_as_much_as_the_reference(height: int, width: int, mean: float, least: float, most: float) -> None:
    torch.manual_seed(0)
    hidden = (diff_augment(torch.ones(4000, 1, height, width), ["cutout"]) == 0).float().mean((1, 2, 3))
    assert hidden.mean().item() == pytest.approx(mean, abs=0.003)
    assert hidden.min() >= least - 1e-6
    assert hidden.max() <= most + 1e-3


def test_translation_uncovers_as_much_as_the_reference() -> None:
    torch.manual_seed(0)
    uncovered = (diff_augment(torch.ones(4000, 1, 32, 32), ["translation"]) == 0).float().mean((1, 2, 3))
    assert uncovered.mean().item() == pytest.approx(0.133, abs=0.004)
    assert uncovered.max().item() == pytest.approx(0.234, abs=1e-3)


def test_brightness_is_uniform() -> None:
    torch.manual_seed(0)
    moved = diff_augment(torch.zeros(2000, 1, 2, 2), ["color"])[:, 0, 0, 0]
    assert stats.kstest(moved.numpy(), "uniform", (-0.5, 1)).pvalue > 1e-3


def test_policy_is_applied_in_its_order() -> None:
    images = torch.ones(1, 1, 8, 8)
    torch.manual_seed(0)
    last = diff_augment(images, ["cutout", "color"])
    assert (last != 0).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_first_and_second_derivatives_are_right(policy: str) -> None:
    images = torch.rand(2, 3, 6, 4, dtype=torch.float64, requires_grad=True)

    def bent(images: Tensor) -> Tensor:
        torch.manual_seed(0)
        return diff_augment(images, [policy]).square().sum((1, 2))  # type: ignore[list-item]

    assert torch.autograd.gradcheck(bent, images)
    assert torch.autograd.gradgradcheck(bent, images)
