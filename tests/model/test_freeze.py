"""Freeze-D freezes the first k layers counted from the image, and nothing else (Mo et al. 2020; ADA, Fig. 9)."""

import pytest
import torch

from tests.model.tiny import tiny_discriminator
from trainer.config.networks.stylegan2 import StyleGan2Discriminator
from trainer.model.discriminator import Discriminator


def layers_from_the_image(D: Discriminator) -> list[str]:
    """Return the names of all layers of the blocks b1024 ... b8: fromrgb, conv0, conv1, skip of each."""
    order = ("fromrgb", "conv0", "conv1", "skip")
    names = {name.rpartition(".")[0] for name in D.state_dict() if name.endswith(".weight")}
    blocks = sorted({name.split(".")[0] for name in names if name[0] == "b"} - {"b4"}, key=lambda b: -int(b[1:]))
    return [f"{block}.{layer}" for block in blocks for layer in order if f"{block}.{layer}" in names]


def build(resolution: int, **settings: object) -> Discriminator:
    with torch.device("meta"):
        return Discriminator(StyleGan2Discriminator(**settings), resolution, 3, 0)


@pytest.mark.parametrize("frozen", [0, 1, 3, 4, 7, 10, 13])
@pytest.mark.parametrize("resolution", [64, 256, 1024])
@pytest.mark.parametrize("architecture", ["orig", "skip", "resnet"])
def test_exactly_the_first_layers_are_not_trainable(architecture: str, resolution: int, frozen: int) -> None:
    D = build(resolution, architecture=architecture, frozen_layers=frozen)
    layers = layers_from_the_image(D)
    trainable = {name.rpartition(".")[0] for name, _ in D.named_parameters()}
    assert [layer for layer in layers if layer not in trainable] == layers[:frozen]
    assert {"b4.conv", "b4.fc", "b4.out"} <= trainable
    assert not any(name.startswith(f"{layer}.") for name, _ in D.named_parameters() for layer in layers[:frozen])


@pytest.mark.parametrize(("frozen", "blocks"), [(4, 1), (7, 2), (10, 3), (13, 4)])
def test_the_usual_numbers_freeze_whole_resolutions_of_a_residual_network(frozen: int, blocks: int) -> None:
    D = build(256, frozen_layers=frozen)
    first = [f"b{256 >> i}" for i in range(blocks)]
    assert {name.split(".")[0] for name, _ in D.named_parameters()} == {
        "b8",
        "b16",
        "b32",
        "b64",
        "b128",
        "b256",
        "b4",
    } - set(first)


@pytest.mark.parametrize("architecture", ["orig", "skip", "resnet"])
@pytest.mark.parametrize("resolution", [4, 8, 64])
def test_configuration_knows_how_many_layers_there_are(architecture: str, resolution: int) -> None:
    spec = StyleGan2Discriminator(architecture=architecture)
    assert spec.freezable_layers(resolution) == len(layers_from_the_image(build(resolution, architecture=architecture)))


def test_names_and_shapes_do_not_depend_on_what_is_frozen() -> None:
    free, frozen = build(64).state_dict(), build(64, frozen_layers=7).state_dict()
    assert {k: v.shape for k, v in free.items()} == {k: v.shape for k, v in frozen.items()}


def test_frozen_layers_stay_as_they_are_and_still_pass_gradients_on() -> None:
    D = tiny_discriminator(16, frozen_layers=4)
    before = {name: value.clone() for name, value in D.state_dict().items()}
    D.requires_grad_(True)
    x = torch.randn(4, 1, 16, 16, requires_grad=True)
    optimizer = torch.optim.Adam(D.parameters())
    D(x, torch.zeros(4, 0)).sum().backward()
    optimizer.step()
    changed = {name for name, value in D.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name, _ in D.named_parameters()}
    assert not any(name.startswith("b16.") for name in changed)
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_values_of_frozen_layers_come_from_a_snapshot() -> None:
    source, target = tiny_discriminator(16), tiny_discriminator(16, frozen_layers=4)
    with torch.no_grad():
        source.get_parameter("b16.conv0.weight").add_(1)
    target.load_state_dict(source.state_dict())
    assert torch.equal(*(network.state_dict()["b16.conv0.weight"] for network in (target, source)))
