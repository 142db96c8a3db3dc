"""PA-GAN: which bits are in use at which p, and that their parity flips the output."""

import math

import pytest
import torch

from tests.support.stage import StageMaker
from trainer.augment.pagan import BITS, DiscriminatorOfBits, faded_as_code, faded_as_text, parity_sign
from trainer.config.augment import PaGan

PAPER = {0.0: [], 0.25: [0.5] * 4, 0.5: [0.5] * 8, 1.0: [0.5] * 16, 1 / 64: [0.25], 3 / 64: [0.5], 5 / 64: [0.5, 0.25]}
CODE = {0.0: [], 0.25: [0.5] * 4, 0.5: [0.5] * 8, 1.0: [0.5] * 16, 1 / 64: [], 3 / 64: [0.25], 7 / 64: [0.5, 0.25]}


def padded(used: list[float]) -> list[float]:
    return used + [0.0] * (BITS - len(used))


@pytest.mark.parametrize(("p", "used"), PAPER.items())
def test_bits_fade_in_as_the_text_says(p: float, used: list[float]) -> None:
    assert faded_as_text(p).tolist() == padded(used)


@pytest.mark.parametrize(("p", "used"), CODE.items())
def test_bits_fade_in_half_a_bit_later_in_the_code(p: float, used: list[float]) -> None:
    assert faded_as_code(p).tolist() == padded(used)


def test_parity_flips_with_every_bit() -> None:
    bits = torch.zeros(3, BITS)
    bits[1, 4] = bits[2, 4] = bits[2, 9] = 1
    assert parity_sign(bits).squeeze(1).tolist() == [1, -1, 1]


def test_output_is_flipped_where_parity_is_odd(stage: StageMaker) -> None:
    made = stage(augment=PaGan(p_initial=1.0))
    assert isinstance(made.augmented_discriminator, DiscriminatorOfBits)
    torch.manual_seed(0)
    scores = made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c)
    plain = made.discriminator(made.micro_batch.real, made.micro_batch.real_c)
    (layer,) = made.augmented_discriminator._inputs
    assert set(parity_sign(layer.bits).squeeze(1).tolist()) == {1.0, -1.0}
    assert torch.equal(scores, plain * parity_sign(layer.bits))


def test_discriminator_sees_the_bits(stage: StageMaker) -> None:
    made = stage(augment=PaGan(p_initial=1.0))
    torch.manual_seed(0)
    made.augmented_discriminator.logits(made.micro_batch.real, made.micro_batch.real_c, "real").sum().backward()
    weight = made.discriminator.get_parameter("b16.fromrgb.before_bias.linear.weight")
    assert weight.shape == (8, BITS)
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


def test_at_p_zero_nothing_is_changed(stage: StageMaker) -> None:
    plain, made = stage(), stage(augment=PaGan())
    for image in (plain.micro_batch.real, plain.micro_batch.real.flip(3)):
        assert torch.allclose(
            plain.augmented_discriminator.scores(image, plain.micro_batch.real_c),
            made.augmented_discriminator.scores(image, made.micro_batch.real_c),
        )


def test_high_p_is_not_a_leak_risk() -> None:
    augmenter = PaGan(p_initial=0.9, interval=1)
    from trainer.registry import build

    assert build(augmenter).step(1, 8) is None


def test_bits_are_as_frequent_as_their_probabilities(stage: StageMaker) -> None:
    made = stage(augment=PaGan(p_initial=0.5))
    assert isinstance(made.augmented_discriminator, DiscriminatorOfBits)
    torch.manual_seed(0)
    total = torch.zeros(BITS)
    for _ in range(100):
        made.augmented_discriminator.scores(made.micro_batch.real, made.micro_batch.real_c)
        total += made.augmented_discriminator._inputs[0].bits.mean(dim=0)
    assert (total[:8] / 100 - 0.5).abs().max() < 4 * math.sqrt(0.25 / 400)
    assert total[8:].sum() == 0
