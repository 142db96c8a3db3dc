"""zCR: G pushes images of nearby latents apart, D pulls their logits together."""

import torch

from tests.support.stage import Stage, StageMaker
from trainer.config.methods import LatentConsistency
from trainer.methods.zcr import distance


def test_distance_is_the_mean_square_over_pixels() -> None:
    assert distance(torch.ones(2, 3, 4, 4), -torch.ones(2, 3, 4, 4)).tolist() == [4.0, 4.0]


def test_generator_is_rewarded_for_distance(stage: StageMaker) -> None:
    made = stage(LatentConsistency())
    result = made.methods[0].generator_penalty(made.generator_scene())
    assert result is not None
    assert (result.loss < 0).all()
    assert torch.allclose(result.loss.detach(), -0.02 * result.stats["Loss/zcr/distance"])


def test_discriminator_is_charged_for_differing_logits(stage: StageMaker) -> None:
    made = stage(LatentConsistency())
    result = made.methods[0].discriminator_penalty(made.discriminator_scene())
    assert result is not None
    assert torch.allclose(result.loss.detach(), 0.2 * result.stats["Loss/zcr/logits"])
    result.loss.mean().backward()
    assert all(parameter.grad is None for parameter in made.generator.parameters())


def test_descent_on_the_generators_term_increases_the_distance(stage: StageMaker) -> None:
    def apart(made: Stage) -> torch.Tensor:
        torch.manual_seed(1)
        result = made.methods[0].generator_penalty(made.generator_scene())
        assert result is not None
        return result.loss.mean()

    made = stage(LatentConsistency(generator_weight=1.0))
    before = apart(made)
    before.backward()
    with torch.no_grad():
        for parameter in made.generator.parameters():
            if parameter.grad is not None:
                parameter.sub_(1e-3 * parameter.grad)
    assert apart(made) < before
