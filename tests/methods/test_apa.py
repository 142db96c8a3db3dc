"""APA: with probability p, generated images replace real ones; p follows overfitting."""

import torch

from tests.support.stage import StageMaker
from trainer.config.methods import PseudoAugmentation


def test_nothing_changes_at_p_zero(stage: StageMaker) -> None:
    made = stage(PseudoAugmentation())
    assert made.discriminator_scene().real is made.micro_batch.real


def test_all_reals_are_generated_at_p_one(stage: StageMaker) -> None:
    made = stage(PseudoAugmentation(p_initial=1.0))
    real = made.discriminator_scene().real
    assert not (real == made.micro_batch.real).any()
    assert not real.requires_grad


def test_share_of_pseudo_images_is_p(stage: StageMaker) -> None:
    made = stage(PseudoAugmentation(p_initial=0.3))
    kept = 0
    for seed in range(50):
        torch.manual_seed(seed)
        real = made.methods[0].real_images(made.micro_batch.real, made.micro_batch, made.generation)
        kept += int((real == made.micro_batch.real).all(dim=3).all(dim=2).all(dim=1).sum())
    assert abs(kept / 200 - 0.7) < 0.1


def test_p_rises_under_overfitting_and_survives_a_restart(stage: StageMaker) -> None:
    spec = PseudoAugmentation(horizon_kimg=1.0, interval=2)
    first, second = stage(spec).methods[0], stage(spec).methods[0]
    first.observe({"Loss/signs/real": torch.ones(100)})
    for iteration in (1, 2):
        first.step(iteration, 50)
    second.load_state_dict(first.state_dict())
    assert torch.allclose(second.state_dict()["p"], torch.tensor(0.1))
