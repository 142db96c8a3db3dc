"""The whole pipe: identity, gating, derivatives, and the images it accepts."""

from math import sqrt
from typing import get_args

import pytest
import torch
from scipy.stats import binomtest
from torch import Tensor
from torch.nn import functional

from trainer.augment.draws import QuantileDraws, RandomDraws
from trainer.augment.pipe import AugmentPipe, named_pipe
from trainer.augment.transforms.table import TRANSFORMS
from trainer.augment.warp import warp
from trainer.config.augment import PIPES, Pipe, misfit

ALWAYS, NEVER = torch.tensor(1.0), torch.tensor(0.0)


def some_images(n: int = 2, channels: int = 3, side: int = 32, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(3), dtype=dtype) * 2 - 1


def smooth_images(n: int = 2, side: int = 32) -> Tensor:
    """Return images without fine detail, which sym6 mirrors inexactly because it is not quite symmetric."""
    turns = torch.linspace(0, 1, side) * torch.rand(n, 3, 2, 1, generator=torch.Generator().manual_seed(3)) * 4
    return turns[:, :, 0, :, None].sin() * turns[:, :, 1, None, :].cos()


class CountedDraws(RandomDraws):
    """Random draws that record which gates opened."""

    def __init__(self) -> None:
        self.opened: dict[str, Tensor] = {}

    def gates(self, name: str, probability: Tensor, like: Tensor) -> Tensor:
        self.opened[name] = super().gates(name, probability, like)
        return self.opened[name]


def test_the_table_lists_the_pipes_of_the_paper() -> None:
    assert set(PIPES) == set(get_args(Pipe))
    assert len(PIPES) == 13


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [16, 32])
@pytest.mark.parametrize("name", PIPES)
def test_pipe_keeps_the_shape_and_gives_finite_images(name: Pipe, side: int, channels: int) -> None:
    pipe, images = named_pipe(name), some_images(8, channels, side)
    torch.manual_seed(0)
    if misfit(name, channels, side):
        with pytest.raises(ValueError, match="22 pixels a side"):
            pipe(images, ALWAYS)
        return
    augmented = pipe(images, ALWAYS)
    assert augmented.shape == images.shape
    assert augmented.isfinite().all()
    assert not torch.allclose(augmented, images, atol=1e-2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize("name", PIPES)
def test_images_stay_the_same_at_p_0(name: Pipe, side: int, channels: int) -> None:
    images = some_images(4, channels, side)
    assert (named_pipe(name)(images, NEVER) - images).abs().max() <= 1e-6


@pytest.mark.parametrize("side", [16, 33])
def test_resampling_with_the_identity_gives_back_the_image(side: int) -> None:
    images = some_images(side=side, dtype=torch.float64)
    nearly = torch.eye(3, dtype=torch.float64).repeat(2, 1, 1)
    nearly[:, 0, 2] = 1e-12
    assert (warp(images, nearly) - images).abs().max() <= 1e-10


def test_images_that_do_not_move_are_not_touched_by_those_that_do() -> None:
    images, inverse = smooth_images(3), torch.eye(3).repeat(3, 1, 1)
    inverse[1, 0, 0] = -1
    out = warp(images, inverse)
    assert torch.equal(out[[0, 2]], images[[0, 2]])
    assert torch.allclose(out[1], images[1].flip(2), atol=0.02)


@pytest.mark.parametrize("channels", [2, 4])
def test_geometry_takes_any_number_of_channels_and_colour_says_what_it_takes(channels: int) -> None:
    images = some_images(channels=channels, side=16)
    assert named_pipe("bg")(images, ALWAYS).shape == images.shape
    with pytest.raises(ValueError, match=f"grey or RGB images; these have {channels} channels"):
        named_pipe("color")(images, ALWAYS)


def test_unknown_transform_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown transforms: yflip"):
        AugmentPipe({"yflip": 1.0})


@pytest.mark.parametrize("p", [0.1, 0.6])
def test_each_transform_is_applied_with_probability_p(p: float) -> None:
    torch.manual_seed(1)
    n, draws = 2000, CountedDraws()
    AugmentPipe(dict.fromkeys(TRANSFORMS, 1.0))(torch.zeros(n, 1, 22, 22), torch.tensor(p), draws)
    for name, opened in draws.opened.items():
        expected = 1 - sqrt(1 - p) if name.startswith("rotate_") else p
        assert binomtest(int(opened.sum()), n, expected).pvalue > 1e-4, name


@pytest.mark.parametrize("p", [0.2, 0.8])
def test_at_least_one_rotation_has_probability_p(p: float) -> None:
    torch.manual_seed(2)
    n, draws = 4000, CountedDraws()
    named_pipe("geom")(torch.zeros(n, 1, 2, 2), torch.tensor(p), draws)
    rotated = draws.opened["rotate_pre"] | draws.opened["rotate_post"]
    assert binomtest(int(rotated.sum()), n, p).pvalue > 1e-3


def test_strength_multiplies_p() -> None:
    torch.manual_seed(3)
    n, draws = 4000, CountedDraws()
    AugmentPipe({"brightness": 0.5})(torch.zeros(n, 1, 2, 2), torch.tensor(0.4), draws)
    assert binomtest(int(draws.opened["brightness"].sum()), n, 0.2).pvalue > 1e-3


def test_gates_open_independently() -> None:
    torch.manual_seed(4)
    draws = CountedDraws()
    named_pipe("color")(torch.zeros(4000, 1, 2, 2), torch.tensor(0.5), draws)
    correlations = torch.corrcoef(torch.cat(list(draws.opened.values()), dim=1).T.float())
    assert (correlations - torch.eye(len(correlations))).abs().max() < 0.08


def test_xflip_mirrors_and_quarter_turn_turns() -> None:
    images = smooth_images()
    flipped = AugmentPipe({"xflip": 1.0})(images, ALWAYS, QuantileDraws(0.7))
    turned = AugmentPipe({"rotate90": 1.0})(images, ALWAYS, QuantileDraws(0.3))
    assert torch.allclose(flipped, images.flip(3), atol=0.02)
    assert torch.allclose(turned, images.rot90(1, dims=(2, 3)), atol=0.02)


def test_an_image_does_not_depend_on_its_neighbours_when_padding_suffices() -> None:
    images = some_images(3)
    together = named_pipe("blit")(images, ALWAYS, QuantileDraws(0.7))
    alone = named_pipe("blit")(images[1:2], ALWAYS, QuantileDraws(0.7))
    assert torch.allclose(together[1:2], alone, atol=1e-5)


@pytest.mark.parametrize("name", ["bgc", "bgcfnc"])
def test_first_and_second_derivatives_are_right(name: Pipe) -> None:
    side = 22 if name == "bgcfnc" else 6
    images = some_images(1, 3, side, torch.float64).requires_grad_()
    draws = QuantileDraws(0.35, field=torch.ones(1, 3, side, side, dtype=torch.float64))

    def bent(images: Tensor) -> Tensor:
        """Return a few numbers that are nonlinear in the images, since the pipe itself is affine."""
        augmented = named_pipe(name)(images, ALWAYS, draws)
        return functional.avg_pool2d(augmented.square(), 3)

    fast = name == "bgcfnc"
    assert torch.autograd.gradcheck(bent, images, fast_mode=fast)
    assert torch.autograd.gradgradcheck(bent, images, fast_mode=fast)


def test_r1_through_the_pipe_reaches_the_weights_of_a_discriminator() -> None:
    torch.manual_seed(5)
    weights = torch.randn(4, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    images = some_images(1, 3, 12, torch.float64).requires_grad_()
    draws = QuantileDraws(0.6)

    def r1(weights: Tensor) -> Tensor:
        logits = torch.conv2d(named_pipe("bgc")(images, ALWAYS, draws), weights).tanh().sum()
        (gradient,) = torch.autograd.grad(logits, images, create_graph=True)
        return gradient.square().sum()

    assert torch.autograd.gradcheck(r1, weights)
