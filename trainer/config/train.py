"""TrainConfig: everything that determines what a run computes, and nothing else."""

import math
from typing import Literal, Self

from pydantic import model_validator

from trainer.config.augment import AdaAugment, Adaptive, AnyAugment, FixedAugment, misfit
from trainer.config.batch_schedule import BatchSchedule
from trainer.config.compatibility import Choices, conflicts
from trainer.config.dataset.config import DataConfig
from trainer.config.methods import Methods, ShallowMapping
from trainer.config.networks.choice import AnyDiscriminator, AnyGenerator, Networks
from trainer.config.networks.stylegan2 import StyleGan2Discriminator
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.spec import BatchSize, Count, Settings
from trainer.config.training import Adam, AnyObjective, Ema, Transfer, TransferFromTrial


class TrainConfig(Settings):
    """What is computed. Runs with equal TrainConfig are the same trial, however long and wherever they ran.

    `batch` is the global batch of one iteration, consisting of `batch // micro_batch` micro-batches. Random numbers are
    drawn per micro-batch, so they do not depend on the number of devices.
    """

    schema_version: Literal[1] = 1
    seed: Count = 0
    data: DataConfig
    generator: AnyGenerator
    discriminator: AnyDiscriminator
    objective: AnyObjective
    augment: AnyAugment
    methods: Methods = ()
    generator_optimizer: Adam
    discriminator_optimizer: Adam
    ema: Ema
    batch: BatchSize
    micro_batch: BatchSize
    transfer: Transfer | TransferFromTrial | None = None

    @property
    def networks(self) -> Networks:
        """Return the description of the two networks and the format of their images."""
        data, generator = self.data, self.generator
        for method in self.methods:
            generator = method.shallowed(generator) if isinstance(method, ShallowMapping) else generator
        return Networks(
            generator=generator,
            discriminator=self.discriminator,
            resolution=data.resolution,
            channels=data.channels,
            condition_dim=data.condition_dim,
        )

    @property
    def _choices(self) -> Choices:
        return Choices(*(getattr(self, name) for name in Choices._fields))

    def whole_iterations(self, kimg: float) -> float:
        """Return the first positive image counter in kimg, at or after `kimg`, at which an iteration ends."""
        return self.batch_schedule.end_of_iteration(max(kimg * 1000, 1)) / 1000

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Return how images are divided into iterations."""
        growing = [method for method in self.methods if isinstance(method, ProgressiveGrowing)]
        if not growing:
            return BatchSchedule.constant(self.batch)
        return growing[0].batch_schedule(self.batch, self.data.resolution)

    @property
    def micro_batches(self) -> int:
        """Return the number of micro-batches that can be divided evenly among devices in every iteration."""
        return math.gcd(*(batch // self.micro_batch for batch in self.batch_schedule.batches))

    @property
    def follows_validation(self) -> bool:
        """Return whether some p follows r_v, which scores as many validation as training images in an iteration."""
        return any(isinstance(spec, Adaptive) and spec.heuristic == "rv" for spec in self._choices.specs)

    @model_validator(mode="after")
    def _micro_batches_fit(self) -> Self:
        for batch in self.batch_schedule.batches:
            if batch % self.micro_batch:
                raise ValueError(f"batch {batch} does not divide into micro-batches of {self.micro_batch}")
        group = self.discriminator.group
        if group is not None and self.micro_batch % group:
            raise ValueError(f"micro_batch {self.micro_batch} does not divide into minibatch_std groups of {group}")
        return self

    @model_validator(mode="after")
    def _resolution_is_a_power_of_two(self) -> Self:
        resolution = self.data.resolution
        if resolution < 4 or resolution > 1024 or resolution & (resolution - 1):
            raise ValueError(f"resolution {resolution} is not a power of two from 4 to 1024")
        return self

    @model_validator(mode="after")
    def _frozen_layers_exist(self) -> Self:
        if not isinstance(self.discriminator, StyleGan2Discriminator):
            return self
        frozen, resolution = self.discriminator.frozen_layers, self.data.resolution
        most = self.discriminator.freezable_layers(resolution)
        if frozen > most:
            raise ValueError(f"discriminator.frozen_layers {frozen} exceeds the {most} layers before 4x4")
        return self

    @model_validator(mode="after")
    def _data_suffices(self) -> Self:
        data = self.data
        if data.subset + data.validation > data.images:
            raise ValueError(
                f"subset {data.subset} + validation {data.validation} is more than the {data.images} images of the set"
            )
        if data.labels and not data.classes:
            raise ValueError("labels is true, but the data set has none")
        if self.follows_validation and not data.validation:
            raise ValueError("heuristic rv needs validation images; set data.validation to their number")
        return self

    @model_validator(mode="after")
    def _choices_go_together(self) -> Self:
        found = conflicts(self._choices)
        if found:
            raise ValueError("; ".join(found))
        return self

    @model_validator(mode="after")
    def _pipe_fits_the_images(self) -> Self:
        if isinstance(self.augment, FixedAugment | AdaAugment):
            problem = misfit(self.augment.pipe, self.data.channels, self.data.resolution)
            if problem:
                raise ValueError(f"augment.pipe {self.augment.pipe} {problem}")
        return self
