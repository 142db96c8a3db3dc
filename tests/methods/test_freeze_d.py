"""Freeze-D: exactly the first k layers, counted from the image, are frozen."""

import pytest
import torch

from tests.support.stage import StageMaker
from trainer.attempt.assemble import adam
from trainer.config.networks.stylegan2 import Architecture, StyleGan2Discriminator
from trainer.config.training import Adam
from trainer.model.discriminator import Discriminator
from trainer.registry import build

TOP = ("fromrgb", "conv0", "conv1", "skip")
REST = ("conv0", "conv1", "skip")


def layers_from_the_image(resolution: int) -> list[str]:
    names = [f"b{resolution}.{layer}" for layer in TOP]
    while (resolution := resolution // 2) >= 8:
        names += [f"b{resolution}.{layer}" for layer in REST]
    return names


def discriminator(resolution: int, frozen: int, architecture: Architecture = "resnet") -> Discriminator:
    spec = StyleGan2Discriminator(
        channel_base=resolution * 2, channel_max=4, frozen_layers=frozen, architecture=architecture
    )
    network: Discriminator = build(spec, resolution, 3, 0)
    return network


@pytest.mark.parametrize("resolution", [64, 128, 256, 512, 1024])
@pytest.mark.parametrize("frozen", [4, 7, 10, 13])
def test_exactly_the_first_layers_are_frozen(resolution: int, frozen: int) -> None:
    layers = layers_from_the_image(resolution)
    trained = {name.rpartition(".")[0] for name, _ in discriminator(resolution, frozen).named_parameters()}
    assert trained == {*layers[frozen:], "b4.conv", "b4.fc", "b4.out"}


def test_ten_layers_are_the_three_highest_resolutions() -> None:
    assert {name.partition(".")[0] for name in layers_from_the_image(256)[:10]} == {"b256", "b128", "b64"}


def test_names_of_the_weights_do_not_depend_on_freezing() -> None:
    assert discriminator(64, 0).state_dict().keys() == discriminator(64, 7).state_dict().keys()


def test_optimizer_has_no_state_for_frozen_layers(stage: StageMaker) -> None:
    made = stage(d_spec=StyleGan2Discriminator(channel_base=128, channel_max=8, frozen_layers=4))
    optimizer = adam(made.discriminator, Adam(lr=0.1, regularize_every=16))
    frozen = {name: value.clone() for name, value in made.discriminator.named_buffers()}
    made.discriminator_phase.loss(made.micro_batch).loss.mean().backward()
    optimizer.step()
    assert len(optimizer.state) == len(list(made.discriminator.parameters())) == 11
    assert all(torch.equal(value, frozen[name]) for name, value in made.discriminator.named_buffers())
