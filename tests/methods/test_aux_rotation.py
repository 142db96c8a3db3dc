"""Auxiliary rotations: labels say how images were turned, and only the score enters the main loss."""

import torch

from tests.support.stage import StageMaker
from trainer.config.methods import AuxiliaryRotation
from trainer.methods.aux_rotation import RotationTask, rotated


def test_labels_match_the_direction_of_turning() -> None:
    images = torch.arange(4.0).view(1, 1, 2, 2)
    turned, turns = rotated(images)
    assert turns.tolist() == [0, 1, 2, 3]
    assert turned[1, 0].tolist() == [[1.0, 3.0], [0.0, 2.0]]
    for image, turn in zip(turned, turns, strict=True):
        assert torch.equal(image.rot90(-int(turn), (1, 2)), images[0])


def test_all_images_are_turned_by_each_label() -> None:
    images = torch.randn(3, 1, 4, 4)
    turned, turns = rotated(images)
    assert torch.equal(turned[turns == 0], images)
    assert torch.equal(turned[turns == 2], images.flip(2, 3))


def test_only_the_score_enters_the_main_loss(stage: StageMaker) -> None:
    plain, made = stage(), stage(AuxiliaryRotation())
    made.methods = ()
    losses = []
    for each in (plain, made):
        torch.manual_seed(2)
        losses.append(each.discriminator_phase.loss(each.micro_batch).loss)
    assert torch.equal(*losses)
    losses[1].mean().backward()
    assert made.discriminator.get_parameter("rotation.weight").grad is None


def test_chance_costs_log_four_and_weights_are_those_of_the_paper(stage: StageMaker) -> None:
    made = stage(AuxiliaryRotation())
    (method,) = made.methods
    assert isinstance(method, RotationTask)
    torch.nn.init.zeros_(method.head.weight)
    charged_d = method.discriminator_penalty(made.discriminator_scene()).loss
    charged_g = method.generator_penalty(made.generator_scene()).loss
    assert torch.allclose(charged_d, 5 * torch.full([4], 4.0).log())
    assert torch.allclose(charged_g, 10 * torch.full([4], 4.0).log())


def test_generator_learns_from_the_rotations_of_its_images(stage: StageMaker) -> None:
    made = stage(AuxiliaryRotation())
    result = made.methods[0].generator_penalty(made.generator_scene())
    assert result is not None
    result.loss.mean().backward()
    assert made.generator.synthesis.get_parameter("b4.const").grad is not None
