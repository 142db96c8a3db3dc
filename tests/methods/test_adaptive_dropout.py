"""Adaptive dropout: log-normal noise per sample and channel, nothing at p = 0."""

import math

import torch

from tests.support.stage import StageMaker
from trainer.augment.adaptive_dropout import Dropout, log_normal
from trainer.config.augment import AdaptiveDropout


def test_identity_at_p_zero_draws_nothing() -> None:
    x = torch.randn(2, 3, 4, 4)
    state = torch.get_rng_state()
    assert log_normal(x, 0.0) is x
    assert torch.equal(state, torch.get_rng_state())


def test_noise_is_one_number_for_each_sample_and_channel() -> None:
    noise = log_normal(torch.ones(5, 7, 4, 4), 0.5)
    assert (noise == noise[:, :, :1, :1]).all()
    assert len(noise[:, :, 0, 0].unique()) == 35


def test_mean_of_the_noise_is_not_one() -> None:
    torch.manual_seed(0)
    noise = log_normal(torch.ones(1000, 100), 0.5)
    assert abs(noise.mean().item() - math.exp(0.5**2 / 2)) < 0.01
    assert abs(noise.log().std().item() - 0.5) < 0.01


def test_noise_is_behind_every_layer_but_the_output(stage: StageMaker) -> None:
    made = stage(augment=AdaptiveDropout())
    noisy = {
        name.removesuffix(".before_bias") for name, m in made.discriminator.named_modules() if isinstance(m, Dropout)
    }
    blocks = {f"b{r}.{layer}" for r in (16, 8) for layer in ("conv0", "conv1", "skip")}
    assert noisy == blocks | {"b16.fromrgb", "b4.conv", "b4.fc"}


def test_logits_are_those_of_the_plain_network_at_p_zero_and_differ_above(stage: StageMaker) -> None:
    plain, quiet, loud = stage(), stage(augment=AdaptiveDropout()), stage(augment=AdaptiveDropout(p_initial=0.5))
    plain_logits, quiet_logits, loud_logits = (
        made.augmented_discriminator.logits(made.micro_batch.real, made.micro_batch.real_c, "real")
        for made in (plain, quiet, loud)
    )
    assert torch.allclose(plain_logits, quiet_logits, atol=1e-6)
    assert not torch.allclose(plain_logits, loud_logits, atol=1e-2)
