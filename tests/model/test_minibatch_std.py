"""Minibatch standard deviation: groups of any size, any number of feature maps."""

import pytest
import torch
from pydantic import ValidationError

from tests.model.tiny import tiny_discriminator
from trainer.config.networks.stylegan2 import StyleGan2Discriminator

NONE = torch.zeros(8, 0)


def images(count: int = 8) -> torch.Tensor:
    torch.manual_seed(3)
    return torch.randn(count, 1, 8, 8)


def test_null_makes_one_group_of_the_whole_batch_whatever_its_size() -> None:
    whole = tiny_discriminator(minibatch_std_group=None)
    for count in (2, 6, 8):
        same = tiny_discriminator(minibatch_std_group=count)
        assert torch.equal(whole(images(count), NONE[:count]), same(images(count), NONE[:count]))
    assert not torch.equal(whole(images(), NONE), tiny_discriminator(minibatch_std_group=4)(images(), NONE))


@pytest.mark.parametrize("channels", [0, 1, 2, 4])
def test_every_map_is_the_standard_deviation_of_its_share_of_the_features(channels: int) -> None:
    D = tiny_discriminator(minibatch_std_group=4, minibatch_std_channels=channels)
    assert D.b4.conv.weight.shape[1] == 4 + channels
    seen: list[torch.Tensor] = []
    D.b4.conv.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    D(images(), NONE)
    x = seen[0][:, :4]
    for channel in range(channels):
        share = x[:, channel * (4 // channels) : (channel + 1) * (4 // channels)]
        for first in (0, 1):  # samples 0 2 4 6 are one group, 1 3 5 7 the other
            group = share[first::2]
            wanted = (group.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
            torch.testing.assert_close(seen[0][first::2, 4 + channel], wanted.expand(4, 4, 4))


def test_without_maps_every_image_is_judged_by_itself() -> None:
    D = tiny_discriminator(minibatch_std_channels=0)
    together, alone = D(images(), NONE), torch.cat([D(image[None], NONE[:1]) for image in images()])
    torch.testing.assert_close(together, alone)


def test_stacked_batches_do_not_see_each_other() -> None:
    D = tiny_discriminator(minibatch_std_group=None, minibatch_std_channels=2)
    first, second = images().chunk(2)
    together = D(images(), NONE, parts=2)
    torch.testing.assert_close(together, torch.cat([D(first, NONE[:4]), D(second, NONE[:4])]))


def test_maps_must_share_out_the_features() -> None:
    with pytest.raises(ValidationError, match="minibatch_std_channels 3 does not divide the 16 feature maps at 4x4"):
        StyleGan2Discriminator(channel_max=16, minibatch_std_channels=3)


@pytest.mark.parametrize(("group", "channels", "wanted"), [(4, 1, 4), (4, 0, 1), (None, 1, None), (None, 0, 1)])
def test_a_micro_batch_is_made_of_whole_groups(group: int | None, channels: int, wanted: int | None) -> None:
    spec = StyleGan2Discriminator(minibatch_std_group=group, minibatch_std_channels=channels)
    assert spec.group == wanted
