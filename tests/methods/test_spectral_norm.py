"""Spectral normalisation: the largest singular value becomes 1, where it should and nowhere else."""

import pytest
import torch

from tests.support.stage import StageMaker
from trainer.config.methods import SpectralNormalisation
from trainer.model.layers import Convolution
from trainer.model.spectral import SpectralNorm
from trainer.runtime.world import World


def test_largest_singular_value_becomes_one() -> None:
    torch.manual_seed(0)
    norm, weight = SpectralNorm(8), torch.randn(8, 4, 3, 3)
    for _ in range(50):
        norm.advance(weight)
    assert torch.linalg.matrix_norm(norm(weight).flatten(1), 2).item() == pytest.approx(1, abs=1e-4)


def test_passes_of_an_iteration_agree_however_many(stage: StageMaker) -> None:
    made = stage(SpectralNormalisation())
    logits = [made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c) for _ in range(2)]
    assert torch.equal(*logits)
    made.methods[0].finish(World().sum)
    assert not torch.equal(
        made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c), logits[0]
    )


def test_only_the_three_by_three_convolutions_are_normalised(stage: StageMaker) -> None:
    made = stage(SpectralNormalisation())
    layers = {name: layer for name, layer in made.discriminator.named_modules() if isinstance(layer, Convolution)}
    normed = {name for name, layer in layers.items() if layer.weight_norm is not None}
    assert normed == {"b16.conv0", "b16.conv1", "b8.conv0", "b8.conv1", "b4.conv"}
    assert {"b16.fromrgb", "b16.skip", "b8.skip"} <= layers.keys() - normed


def test_the_scale_of_a_normalised_weight_does_not_matter(stage: StageMaker) -> None:
    made = stage(SpectralNormalisation())
    before = made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c)
    with torch.no_grad():
        made.discriminator.b4.conv.weight.mul_(3)
    assert torch.allclose(
        made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c), before, atol=1e-5
    )


def test_gradient_in_float64_agrees_with_finite_differences() -> None:
    torch.manual_seed(0)
    norm = SpectralNorm(3).double()
    weight = torch.randn(3, 2, 3, 3, dtype=torch.float64)
    norm.advance(weight)
    for _ in range(200):
        norm.advance(weight)
    assert torch.autograd.gradcheck(norm, weight.requires_grad_(), atol=1e-5)
