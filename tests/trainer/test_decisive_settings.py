"""Plan refuses a transfer exactly when the weights do not fit: every setting of every network, one at a time."""

import itertools
import typing
from collections.abc import Iterator
from contextlib import suppress

import pytest
import torch
from pydantic import ValidationError

from trainer.config.networks.biggan import BigGanDiscriminator, BigGanGenerator
from trainer.config.networks.choice import AnyDiscriminator, AnyGenerator, Networks
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.networks.stylegan_progan import (
    ProGanDiscriminator,
    ProGanGenerator,
    StyleGanDiscriminator,
    StyleGanGenerator,
)
from trainer.config.transfer import unfit
from trainer.registry import build

PAIRS: list[tuple[AnyGenerator, AnyDiscriminator]] = [
    (StyleGan2Generator(channel_base=512, channel_max=64), StyleGan2Discriminator(channel_base=512, channel_max=64)),
    (StyleGanGenerator(channel_base=512, channel_max=64), StyleGanDiscriminator(channel_base=512, channel_max=64)),
    (ProGanGenerator(channel_base=512, channel_max=64), ProGanDiscriminator(channel_base=512, channel_max=64)),
    (BigGanGenerator(channels=8, attention=16), BigGanDiscriminator(channels=8, attention=16)),
    (BigGanGenerator(channels=8, attention=16, hierarchical=False), BigGanDiscriminator(channels=8, attention=16)),
]
FILTERS = "resample_taps"
"""Filters of one length and other values fit by shape, but would replace the run's own: they are decisive too."""


def tensors(networks: Networks) -> dict[str, list[int]]:
    """Return the shape of every tensor of a pair of networks."""
    images = (networks.resolution, networks.channels, networks.condition_dim)
    with torch.device("meta"):
        built = {"G": build(networks.generator, *images), "D": build(networks.discriminator, *images)}
    return {f"{which}/{key}": [*value.shape] for which, net in built.items() for key, value in net.state_dict().items()}


def others(value: object, annotation: object) -> list[object]:
    """Return other values of a setting."""
    if typing.get_origin(annotation) is typing.Literal:
        return [choice for choice in typing.get_args(annotation) if choice != value]
    match value:
        case bool():
            return [not value]
        case int():
            return [max(value // 2, 1), value * 2]
        case float():
            return [value / 2]
        case tuple():
            return [(1.0, 1.0)]
        case None:
            return [8]
        case _:
            return []


def changed(networks: Networks) -> Iterator[Networks]:
    """Yield the pair with one setting of one network changed, if it can be built."""
    for which in ("generator", "discriminator"):
        spec = getattr(networks, which)
        for name, field in type(spec).model_fields.items():
            for value in others(getattr(spec, name), field.annotation) if name != "type" else ():
                with suppress(ValidationError):  # some settings exclude each other
                    with_other = type(spec).model_validate({**spec.model_dump(), name: value})
                    yield networks.model_copy(update={which: with_other})


@pytest.mark.parametrize(("pair", "classes"), [*itertools.product(range(len(PAIRS)), (0, 3))])
def test_a_setting_is_refused_if_and_only_if_it_changes_the_tensors(pair: int, classes: int) -> None:
    generator, discriminator = PAIRS[pair]
    snapshot = Networks(
        generator=generator, discriminator=discriminator, resolution=32, channels=3, condition_dim=classes
    )
    shapes, tried = tensors(snapshot), 0
    for run in changed(snapshot):
        assert bool(unfit(snapshot, run)) == (tensors(run) != shapes), run
        tried += 1
    assert tried > 10


def test_filters_of_one_length_and_other_values_are_refused() -> None:
    generator, discriminator = PAIRS[0]
    snapshot = Networks(generator=generator, discriminator=discriminator, resolution=32, channels=3)
    other = generator.model_copy(update={FILTERS: (1.0, 2.0, 2.0, 1.0)})
    found = unfit(snapshot, snapshot.model_copy(update={"generator": other}))
    assert found == ["generator.resample_taps (1.0, 3.0, 3.0, 1.0) there and (1.0, 2.0, 2.0, 1.0) here"]
