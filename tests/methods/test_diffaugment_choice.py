"""DiffAugment and data set augmentation as choices: which images are augmented, and where R1 is computed."""

import pytest
import torch

from tests.support.stage import StageMaker, make_stage
from trainer.augment.augmented_discriminator import Role
from trainer.config.augment import DatasetAugment, DiffAugment
from trainer.config.spec import Spec
from trainer.objectives import losses

ROLES: tuple[Role, ...] = ("real", "fake-in-D", "fake-in-G")


@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        (DiffAugment(), ROLES),
        (DiffAugment(applied_to="reals"), ("real",)),
        (DiffAugment(applied_to="discriminator"), ("real", "fake-in-D")),
        (DatasetAugment(transform="rotation"), ("real",)),
    ],
)
def test_images_are_changed_in_the_roles_of_the_variant(spec: Spec, changed: tuple[str, ...]) -> None:
    made = make_stage(augment=spec)
    images = made.micro_batch.real
    assert tuple(role for role in ROLES if made.augmented_discriminator.shown(images, role) is not images) == changed


def test_three_call_sites_draw_independently(stage: StageMaker) -> None:
    made = stage(augment=DiffAugment())
    torch.manual_seed(0)
    shown = [made.augmented_discriminator.shown(made.micro_batch.real, role) for role in ROLES]
    assert not any(torch.equal(shown[i], shown[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_policy_may_be_written_with_commas() -> None:
    assert DiffAugment.model_validate({"policy": "color, cutout"}).policy == ("color", "cutout")
    with pytest.raises(ValueError, match="policy"):
        DiffAugment.model_validate({"policy": "colour"})


def test_r1_at_input_differentiates_through_the_augmentation(stage: StageMaker) -> None:
    made = stage(augment=DiffAugment(policy=("cutout",), r1_at="input"))
    torch.manual_seed(0)
    images, logits = made.augmented_discriminator.for_r1(made.micro_batch.real, made.micro_batch.real_c)
    assert torch.equal(images, made.micro_batch.real)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    hidden = (gradient == 0).all(dim=1).flatten(1).float().mean(dim=1)
    assert (hidden >= 1 / 16).all()


def test_r1_at_augmented_differentiates_by_what_was_shown(stage: StageMaker) -> None:
    made = stage(augment=DiffAugment(policy=("cutout",)))
    torch.manual_seed(0)
    images, logits = made.augmented_discriminator.for_r1(made.micro_batch.real, made.micro_batch.real_c)
    assert not torch.equal(images, made.micro_batch.real)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert (gradient != 0).all()


@pytest.mark.parametrize("r1_at", ["input", "augmented"])
def test_second_order_gradient_agrees_with_finite_differences(r1_at: str) -> None:
    made = make_stage(augment=DiffAugment.model_validate({"r1_at": r1_at}), dtype=torch.float64)
    parameter = made.discriminator.get_parameter("b8.conv0.weight")

    def penalty() -> torch.Tensor:
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
    assert (values[0] - values[1]) / 2e-6 == pytest.approx((gradient * direction).sum().item(), rel=1e-5)
