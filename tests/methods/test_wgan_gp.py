"""WGAN-GP: slopes of one cost nothing; second order gradients agree with finite differences."""

import pytest
import torch
from torch import Tensor

from tests.support.stage import Stage, StageMaker, make_stage
from trainer.config.training import WganGp
from trainer.objectives.losses import slope_penalty
from trainer.objectives.phases import Phase
from trainer.objectives.regularised import Intervals
from trainer.objectives.wgan_gp import GradientPenalty, WassersteinObjective, between
from trainer.runtime.world import World


def dmain(made: Stage, spec: WganGp) -> Phase:
    return WassersteinObjective(spec, made.generator, made.augmented_discriminator, Intervals(None, None)).phases[1]


def test_linear_critic_of_unit_slope_pays_nothing() -> None:
    images = torch.randn(4, 3, 8, 8, requires_grad=True)
    direction = torch.nn.functional.normalize(torch.randn(3 * 8 * 8), dim=0)
    logits = (images.flatten(1) @ direction)[:, None]
    assert torch.allclose(slope_penalty(logits, images), torch.zeros(4), atol=1e-10)
    assert torch.allclose(slope_penalty(3 * logits, images), torch.full([4], 4.0))
    assert torch.allclose(slope_penalty(3 * logits, images, target=1.5), torch.full([4], 1.0))


def test_points_lie_between_the_images_of_each_pair() -> None:
    points = between(torch.zeros(50, 1, 2, 2), torch.ones(50, 1, 2, 2))
    assert (points.amin(dim=(1, 2, 3)) == points.amax(dim=(1, 2, 3))).all()
    assert 0 <= points.min() < 0.2 < 0.8 < points.max() <= 1


def test_drift_is_the_square_of_real_logits(stage: StageMaker) -> None:
    made = stage()
    penalty = GradientPenalty(WganGp(penalty_weight=0.0, drift_weight=2.0))
    inputs = made.discriminator_scene()
    assert torch.allclose(penalty.discriminator_penalty(inputs).loss, 2 * inputs.real_logits.squeeze(1).square())


def test_phases_are_two_and_none_is_lazy(stage: StageMaker) -> None:
    made = stage()
    objective = WassersteinObjective(WganGp(), made.generator, made.augmented_discriminator, Intervals(None, None))
    assert [(phase.name, phase.interval) for phase in objective.phases] == [("Gmain", 1), ("Dmain", 1)]
    result = objective.phases[0].loss(made.micro_batch)
    assert torch.equal(result.loss, -result.stats["Loss/scores/fake"])
    objective.phases[0].finish(World().sum)


@pytest.mark.parametrize("name", ["b16.fromrgb.weight", "b8.conv1.weight", "b4.fc.weight"])
def test_second_order_gradient_agrees_with_finite_differences(name: str) -> None:
    made = make_stage(dtype=torch.float64)
    phase, parameter = dmain(made, WganGp()), made.discriminator.get_parameter(name)

    def loss() -> Tensor:
        torch.manual_seed(3)
        return phase.loss(made.micro_batch).loss.mean()

    torch.manual_seed(5)
    direction = torch.randn_like(parameter)
    (gradient,) = torch.autograd.grad(loss(), parameter)
    step, values = 1e-6, []
    for sign in (1, -1):
        with torch.no_grad():
            parameter.add_(sign * step * direction)
        values.append(loss().item())
        with torch.no_grad():
            parameter.sub_(sign * step * direction)
    assert (values[0] - values[1]) / (2 * step) == pytest.approx((gradient * direction).sum().item(), rel=1e-5)
