"""LeCam: the penalty, its anchors, and that they do not depend on micro-batches."""

import pytest
import torch

from tests.support.stage import StageMaker
from trainer.config.methods import LeCam
from trainer.methods.lecam import lecam
from trainer.runtime.world import World

REAL, FAKE = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [-3.0]])
ANCHORS = torch.tensor([1.0, -2.0])


@pytest.mark.parametrize(("one_sided", "expected"), [(False, [16.25, 17.0]), (True, [16.25, 17.0])])
def test_logits_are_pulled_to_the_other_kinds_anchor(one_sided: bool, expected: list[float]) -> None:
    assert lecam(REAL, FAKE, ANCHORS, one_sided).tolist() == expected


def test_one_sided_leaves_logits_that_are_past_the_other_kind() -> None:
    past = lecam(torch.tensor([[-5.0]]), torch.tensor([[4.0]]), ANCHORS, one_sided=True)
    assert past.tolist() == [0.0]


def test_anchors_begin_at_the_first_batch_and_move_slowly(stage: StageMaker) -> None:
    made = stage(LeCam(decay=0.9))
    (method,) = made.methods
    inputs = made.discriminator_scene()
    means = torch.tensor([inputs.real_logits.mean(), inputs.fake_logits.mean()])
    method.discriminator_penalty(inputs)
    method.finish(World().sum)
    assert torch.equal(method.state_dict()["anchors"], means)
    higher = inputs._replace(real_logits=inputs.real_logits + 1)
    method.discriminator_penalty(higher)
    method.finish(World().sum)
    assert torch.allclose(method.state_dict()["anchors"], means + torch.tensor([0.1, 0.0]))


def test_anchors_are_those_of_all_micro_batches(stage: StageMaker) -> None:
    made = stage(LeCam())
    (method,) = made.methods
    inputs = made.discriminator_scene()
    for shift in (0.0, 2.0):
        method.discriminator_penalty(inputs._replace(real_logits=inputs.real_logits + shift))
    method.finish(World().sum)
    assert torch.allclose(method.state_dict()["anchors"][0], inputs.real_logits.mean() + 1)


def test_anchors_survive_a_restart(stage: StageMaker) -> None:
    first, second = stage(LeCam()), stage(LeCam())
    first.methods[0].discriminator_penalty(first.discriminator_scene())
    first.methods[0].finish(World().sum)
    second.methods[0].load_state_dict(first.methods[0].state_dict())
    assert torch.equal(second.methods[0].state_dict()["anchors"], first.methods[0].state_dict()["anchors"])


def test_gradient_reaches_logits_and_not_anchors(stage: StageMaker) -> None:
    made = stage(LeCam(one_sided=False))
    result = made.methods[0].discriminator_penalty(made.discriminator_scene())
    assert result is not None
    result.loss.mean().backward()
    assert made.discriminator.b4.out.weight.grad is not None
