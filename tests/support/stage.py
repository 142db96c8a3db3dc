"""Very small networks, and the two main phases on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.augment.augmenter import Augmenter
from trainer.config.augment import NoAugment
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.spec import Spec
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.generation import Generation
from trainer.objectives.logistic import LogisticObjective
from trainer.objectives.main import DiscriminatorMain, GeneratorMain
from trainer.objectives.method import DiscriminatorPenaltyInputs, GeneratorPenaltyInputs, Method
from trainer.objectives.phases import MicroBatch
from trainer.registry import build

WIDTH = {"channel_base": 128, "channel_max": 8}
G_SPEC = StyleGan2Generator(z_dim=8, w_dim=8, mapping_layers=2, **WIDTH)
D_SPEC = StyleGan2Discriminator(**WIDTH)
RESOLUTION = 16


@dataclass
class Stage:
    """Seeded networks, one micro-batch of four images, and the phases with an augmentation and methods."""

    generator: Generator
    discriminator: Discriminator
    augmenter: Augmenter
    augmented_discriminator: AugmentedDiscriminator
    methods: Sequence[Method]
    micro_batch: MicroBatch

    @property
    def generation(self) -> Generation:
        return Generation(self.generator, style_mixing=0.9)

    @property
    def generator_phase(self) -> GeneratorMain:
        return GeneratorMain(self.generation, self.augmented_discriminator, LogisticObjective.losses, self.methods)

    @property
    def discriminator_phase(self) -> DiscriminatorMain:
        return DiscriminatorMain(self.generation, self.augmented_discriminator, LogisticObjective.losses, self.methods)

    def discriminator_scene(self) -> DiscriminatorPenaltyInputs:
        return self.discriminator_phase._penalty_inputs(self.micro_batch)

    def generator_scene(self) -> GeneratorPenaltyInputs:
        images = self.generation.images(self.generation.latents(self.micro_batch.z, self.micro_batch.gen_c))
        logits = self.augmented_discriminator.logits(images, self.micro_batch.gen_c, "fake-in-G")
        return GeneratorPenaltyInputs(self.micro_batch, self.generation, self.augmented_discriminator, images, logits)


StageMaker = Callable[..., Stage]


def make_stage(
    *methods: Spec,
    augment: Spec | None = None,
    d_spec: StyleGan2Discriminator = D_SPEC,
    dtype: torch.dtype = torch.float32,
) -> Stage:
    torch.manual_seed(0)
    generator: Generator = build(G_SPEC, RESOLUTION, 3, 0)
    discriminator: Discriminator = build(d_spec, RESOLUTION, 3, 0)
    augmenter: Augmenter = build(augment or NoAugment())
    augmented_discriminator = augmenter.augmented_discriminator(discriminator)
    built: list[Method] = [build(spec) for spec in methods]
    for method in built:
        method.prepare(generator, discriminator)
    torch.manual_seed(1)
    empty = torch.zeros(4, 0, dtype=dtype)
    real, z = torch.randn(4, 3, RESOLUTION, RESOLUTION, dtype=dtype), torch.randn(4, 8, dtype=dtype)
    micro_batch = MicroBatch(real, empty, z, empty)
    return Stage(generator.to(dtype), discriminator.to(dtype), augmenter, augmented_discriminator, built, micro_batch)


@pytest.fixture
def stage() -> StageMaker:
    return make_stage
