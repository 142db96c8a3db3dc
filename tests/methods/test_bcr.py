"""bCR: zero where T changes nothing; the gradient flows through both logits; the generator is not penalised."""

import pytest
import torch

from tests.support.stage import Stage, StageMaker
from trainer.augment.single_transform import Always
from trainer.config.augment import FixedAugment
from trainer.config.methods import BalancedConsistency
from trainer.methods.bcr import ConsistencyRegularizer, flip_and_shift, inconsistency


def regularizer(made: Stage) -> ConsistencyRegularizer:
    (method,) = made.methods
    assert isinstance(method, ConsistencyRegularizer)
    return method


def test_penalty_is_zero_where_t_is_the_identity(stage: StageMaker) -> None:
    made = stage(BalancedConsistency())
    method = regularizer(made)
    method.transform = lambda images: images
    assert method.discriminator_penalty(made.discriminator_scene()).loss.abs().max() < 1e-12


def test_penalty_is_ten_times_the_squared_differences(stage: StageMaker) -> None:
    made = stage(BalancedConsistency(transform="rotation"))
    result = regularizer(made).discriminator_penalty(made.discriminator_scene())
    assert result.loss.min() > 0
    assert torch.allclose(result.loss, 10 * (result.stats["Loss/bcr/real"] + result.stats["Loss/bcr/fake"]))


def test_gradient_flows_through_both_logits() -> None:
    first, second = (torch.tensor([[value]], requires_grad=True) for value in (1.0, 3.0))
    inconsistency(first, second).sum().backward()
    assert (first.grad, second.grad) == (torch.tensor([[-4.0]]), torch.tensor([[4.0]]))


def test_t_is_applied_to_what_the_augmentation_gave(stage: StageMaker) -> None:
    made = stage(BalancedConsistency(transform="flip"), augment=FixedAugment(p=1.0, pipe="bg"))
    method, seen = regularizer(made), []
    method.transform = lambda images: seen.append(images) or images  # type: ignore[func-returns-value]
    inputs = made.discriminator_scene()
    method.discriminator_penalty(inputs)
    assert all(images is shown for images, shown in zip(seen, (inputs.real_shown, inputs.fake_shown), strict=True))
    assert not torch.equal(inputs.real_shown, made.micro_batch.real)


def test_t_may_take_the_augmentation_away(stage: StageMaker) -> None:
    made = stage(BalancedConsistency(transform="none", fake_weight=0), augment=FixedAugment(p=1.0, pipe="bg"))
    inputs = made.discriminator_scene()
    plain = inputs.augmented_discriminator.scores(inputs.real, inputs.micro_batch.real_c)
    expected = 10 * (plain - inputs.real_logits).squeeze(1).square()
    assert torch.allclose(regularizer(made).discriminator_penalty(inputs).loss, expected)


def test_flip_and_shift_move_by_at_most_an_eighth_of_the_side_and_fill_with_zeros() -> None:
    image = torch.zeros(400, 1, 32, 32)
    image[:, :, 16, 4] = 1
    torch.manual_seed(0)
    moved = flip_and_shift(image)
    places = moved.flatten(1).argmax(dim=1)
    assert set((places // 32).tolist()) == set(range(12, 21))
    assert set((places % 32).tolist()) == {*range(9), *range(23, 32)}
    assert set(moved.unique().tolist()) == {0.0, 1.0}


def test_generator_gets_no_penalty(stage: StageMaker) -> None:
    made = stage(BalancedConsistency())
    assert regularizer(made).generator_penalty(made.generator_scene()) is None
    regularizer(made).discriminator_penalty(made.discriminator_scene()).loss.mean().backward()
    assert all(parameter.grad is None for parameter in made.generator.parameters())


def test_translation_moves_by_at_most_a_thirty_second_of_the_side() -> None:
    image = torch.zeros(200, 1, 64, 64)
    image[:, :, 32, 32] = 1
    torch.manual_seed(0)
    place = Always("translation")(image).flatten(1).argmax(dim=1).tolist()
    assert {at // 64 for at in place} == {at % 64 for at in place} == {30, 31, 32, 33, 34}


@pytest.mark.parametrize("transform", ["flip", "rotation"])
def test_other_transforms_change_images(transform: str) -> None:
    torch.manual_seed(0)
    images = torch.randn(8, 3, 16, 16)
    changed = (Always(transform)(images) - images).abs().amax(dim=(1, 2, 3)) > 1e-3  # type: ignore[arg-type]
    assert changed.sum() >= (8 if transform == "rotation" else 1)
