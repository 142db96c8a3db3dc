"""Regularisation: second order gradients through the augmentation, and steps that are not lazy."""

import pytest
import torch
from torch import Tensor

from tests.support.stage import StageMaker, make_stage
from trainer.config.augment import AdaptiveDropout, FixedAugment, NoAugment, PaGan
from trainer.config.methods import SpectralNormalisation
from trainer.config.spec import Spec
from trainer.config.training import Adam, Logistic
from trainer.objectives import losses
from trainer.objectives.logistic import LogisticObjective
from trainer.objectives.phases import Phase
from trainer.objectives.regularised import Intervals
from trainer.runtime.world import World
from trainer.training.schedules import lazy_adam

AUGMENTS = [NoAugment(), FixedAugment(p=1.0, pipe="bgc"), PaGan(p_initial=0.5), AdaptiveDropout(p_initial=0.3)]


def phases(intervals: Intervals, *methods: Spec, augment: Spec | None = None) -> tuple[Phase, ...]:
    made = make_stage(*methods, augment=augment)
    spec = Logistic(r1_gamma=1.0)
    return LogisticObjective(spec, made.generator, made.augmented_discriminator, intervals, made.methods).phases


@pytest.mark.parametrize("augment", AUGMENTS, ids=lambda spec: spec.type)
@pytest.mark.parametrize("methods", [(), (SpectralNormalisation(),)], ids=["plain", "spectral-norm"])
def test_r1_gradient_agrees_with_finite_differences(augment: Spec, methods: tuple[Spec, ...]) -> None:
    made = make_stage(*methods, augment=augment, dtype=torch.float64)
    parameter = made.discriminator.get_parameter("b8.conv0.weight" if not methods else "b16.fromrgb.weight")

    def penalty() -> Tensor:
        torch.manual_seed(3)
        images, logits = made.augmented_discriminator.for_r1(made.micro_batch.real, made.micro_batch.real_c)
        return losses.r1_penalty(logits, images).mean()

    direction = torch.randn_like(parameter)
    (gradient,) = torch.autograd.grad(penalty(), parameter)
    values = []
    for step in (1e-6, -2e-6):
        with torch.no_grad():
            parameter.add_(step * direction)
        values.append(penalty().item())
    assert (values[0] - values[1]) / 2e-6 == pytest.approx((gradient * direction).sum().item(), rel=1e-4)


def test_lazy_regularisation_has_phases_of_its_own() -> None:
    named = [(phase.name, phase.interval, phase.gain) for phase in phases(Intervals(4, 16))]
    assert named == [("Gmain", 1, 1), ("Greg", 4, 4), ("Dmain", 1, 1), ("Dreg", 16, 16)]


def test_regularisation_that_is_not_lazy_is_part_of_the_main_step(stage: StageMaker) -> None:
    joined = phases(Intervals(None, None))
    assert [(phase.name, phase.network, phase.interval) for phase in joined] == [("Gmain", "G", 1), ("Dmain", "D", 1)]
    result = joined[1].loss(stage().micro_batch)
    joined[1].finish(World().sum)
    parts = result.stats["Loss/D/loss"].mean() + result.stats["Loss/D/reg"].mean()
    assert torch.allclose(result.loss.mean(), parts)


def test_adam_is_corrected_for_lazy_regularisation_only() -> None:
    lazy, eager = (lazy_adam(Adam(lr=0.1, beta2=0.9, regularize_every=k)) for k in (4, None))
    assert tuple(lazy) == (pytest.approx(0.08), (0.0, pytest.approx(0.9**0.8)), 4)
    assert tuple(eager) == (0.1, (0.0, 0.9), 1)


def test_hinge_and_least_squares_are_the_published_formulas() -> None:
    logits = torch.tensor([[-2.0], [0.5]])
    assert losses.fake_hinge(logits).tolist() == [0.0, 1.5]
    assert losses.real_hinge(logits).tolist() == [3.0, 0.5]
    assert losses.fake_squares(logits).tolist() == [4.0, 0.25]
    assert losses.real_squares(logits).tolist() == [9.0, 0.25]
    assert losses.raised(logits).tolist() == [2.0, -0.5]
