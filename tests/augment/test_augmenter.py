"""The controller: what it measures, how p moves, what a checkpoint contains."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainer.augment.augmenter import Augmenter
from trainer.augment.overfitting import (
    GENERATED,
    SIGNS,
    TRAIN,
    VALIDATION,
    Heuristics,
    OverfittingMeter,
    validation_ratio,
)
from trainer.config.augment import AdaAugment, FixedAugment, NoAugment
from trainer.config.spec import Spec
from trainer.registry import build


def made(spec: Spec) -> Augmenter:
    augmenter: Augmenter = build(spec)
    return augmenter


def signs(*values: float) -> dict[str, Tensor]:
    return {SIGNS: torch.tensor(values)}


def overfit(augmenter: Augmenter, iterations: int, batch: int = 32, sign: float = 1.0) -> list[float]:
    course = []
    for iteration in range(1, iterations + 1):
        augmenter.observe({SIGNS: torch.full([batch], sign)})
        augmenter.step(iteration, batch)
        course.append(augmenter.p)
    return course


def test_p_reaches_1_in_the_horizon_of_constant_overfitting() -> None:
    ada = made(AdaAugment(horizon_kimg=10))
    assert overfit(ada, iterations=500, batch=20)[-1] == pytest.approx(1, abs=1e-5)


def test_p_moves_every_interval_iterations_only() -> None:
    course = overfit(made(AdaAugment(interval=4, horizon_kimg=1)), iterations=9)
    assert course == pytest.approx([0, 0, 0, 0.128, 0.128, 0.128, 0.128, 0.256, 0.256])


def test_p_has_no_upper_bound_unless_asked_for() -> None:
    assert overfit(made(AdaAugment(horizon_kimg=0.1)), 8)[-1] > 1
    assert overfit(made(AdaAugment(horizon_kimg=0.1, p_max=0.7)), 8)[-1] == pytest.approx(0.7)


@settings(max_examples=20)
@given(st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=8), min_size=4, max_size=24))
def test_p_is_never_negative_and_does_not_depend_on_the_order_of_what_is_seen(batches: list[list[float]]) -> None:
    forwards, backwards = (made(AdaAugment(interval=4, horizon_kimg=0.2)) for _ in range(2))
    for start in range(0, len(batches) - len(batches) % 4, 4):
        for offset in range(4):
            forwards.observe(signs(*batches[start + offset]))
            backwards.observe(signs(*batches[start + 3 - offset]))
            forwards.step(start + offset + 1, batch=8)
            backwards.step(start + offset + 1, batch=8)
            assert forwards.p == backwards.p >= 0


def test_signs_of_every_phase_have_equal_weight() -> None:
    ada = made(AdaAugment(interval=1))
    ada.observe(signs(1, 1, 1))
    ada.observe(signs(-1))
    ada.step(1, batch=4)
    assert ada.r_t == 0.5


def test_p_stays_without_samples_or_with_nan_logits() -> None:
    ada = made(AdaAugment(interval=1, p_initial=0.25))
    ada.step(1, batch=4)
    ada.observe(signs(float("nan")))
    ada.step(2, batch=4)
    assert ada.p == 0.25


@pytest.mark.parametrize(("validation", "expected"), [(2.0, 0.0), (-1.0, 1.0), (0.5, 0.5)])
def test_r_v_places_validation_between_training_and_generated(validation: float, expected: float) -> None:
    assert validation_ratio(2.0, validation, -1.0) == expected


def test_r_v_has_a_positive_denominator() -> None:
    assert validation_ratio(0.0, -1e-8, 5.0) == 1.0


def test_r_v_needs_all_three_kinds_of_images() -> None:
    meter = OverfittingMeter()
    meter.add({TRAIN: torch.tensor([[1.0], [3.0]]), GENERATED: torch.tensor([-2.0])})
    assert meter.take() == Heuristics(None, None)
    meter.add({TRAIN: torch.tensor([2.0]), GENERATED: torch.tensor([-2.0]), VALIDATION: torch.tensor([1.0])})
    assert meter.take() == Heuristics(None, 0.25)


def test_p_follows_r_v_when_asked_to() -> None:
    ada = made(AdaAugment(heuristic="rv", target=0.5, interval=1, horizon_kimg=1))
    ada.observe(signs(-1) | {TRAIN: torch.tensor(3.0), VALIDATION: torch.tensor(0.0), GENERATED: torch.tensor(-1.0)})
    ada.step(1, batch=100)
    assert ada.p == pytest.approx(0.1)
    assert (ada.r_v, ada.r_t) == (0.75, -1)


def test_leak_risk_is_reported_once_when_p_rises_above_0_8() -> None:
    ada = made(AdaAugment(interval=1, horizon_kimg=1))
    risks = []
    for iteration in range(1, 11):
        ada.observe(signs(1))
        risks.append(ada.step(iteration, batch=100))
    assert [(iteration, round(risk.p, 6)) for iteration, risk in enumerate(risks, 1) if risk] == [(9, 0.9)]


def test_leak_risk_of_a_fixed_p_is_reported_at_the_start() -> None:
    fixed = made(FixedAugment(p=0.9))
    assert [bool(fixed.step(iteration, batch=1)) for iteration in (1, 2, 3)] == [True, False, False]
    assert not made(FixedAugment(p=0.8)).step(1, batch=1)


def test_images_pass_untouched_without_augmentation_and_draw_nothing() -> None:
    images, state = torch.rand(2, 3, 8, 8), torch.get_rng_state()
    for spec in (NoAugment(), FixedAugment(p=0), AdaAugment()):
        assert made(spec).images(images) is images
    assert torch.equal(torch.get_rng_state(), state)


def test_images_change_with_augmentation() -> None:
    images = torch.rand(2, 3, 8, 8)
    assert not torch.allclose(made(FixedAugment(p=1)).images(images), images, atol=1e-2)


def test_fixed_p_stays_and_overfitting_is_still_measured() -> None:
    fixed = made(FixedAugment(p=0.3))
    assert overfit(fixed, 8) == pytest.approx([0.3] * 8)
    assert fixed.r_t == 1


@pytest.mark.parametrize("spec", [NoAugment(), FixedAugment(p=0.5), AdaAugment(horizon_kimg=1)])
@pytest.mark.parametrize("stop", [1, 4, 6])
def test_resuming_from_a_checkpoint_equals_never_having_stopped(spec: Spec, stop: int) -> None:
    whole, first, second = made(spec), made(spec), made(spec)
    for iteration in range(1, 13):
        if iteration == stop + 1:
            second.load_state_dict(first.state_dict())
        seen = signs(*([1.0] * iteration + [-1.0]))
        for augmenter in (whole, first if iteration <= stop else second):
            augmenter.observe(seen)
            augmenter.step(iteration, batch=16)
    assert (second.p, second.r_t, second.r_v) == (whole.p, whole.r_t, whole.r_v)


def test_a_saved_state_does_not_change_afterwards() -> None:
    ada = made(AdaAugment())
    saved = ada.state_dict()
    ada.observe(signs(1.0))
    assert saved["sums"].sum() == 0
