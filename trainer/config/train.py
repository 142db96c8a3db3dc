"""TrainConfig: everything that determines what a run computes, and nothing else."""

import math
from typing import Any, Literal, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator

from trainer.config.augment import AnyAugment
from trainer.config.batch_schedule import BatchSchedule
from trainer.config.compatibility import Choices
from trainer.config.consistency import batch_schedule, follows_validation, inconsistencies
from trainer.config.dataset.config import DataConfig
from trainer.config.invalid import valid_fields, whole_errors, with_others
from trainer.config.methods import Methods, ShallowMapping
from trainer.config.networks.choice import AnyDiscriminator, AnyGenerator, Networks
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
        return Choices(**{name: getattr(self, name) for name in type(self).model_fields})

    def whole_iterations(self, kimg: float) -> float:
        """Return the first positive image counter in kimg, at or after `kimg`, at which an iteration ends."""
        return self.batch_schedule.end_of_iteration(max(kimg * 1000, 1)) / 1000

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Return how images are divided into iterations."""
        return batch_schedule(self._choices)

    @property
    def micro_batches(self) -> int:
        """Return the number of micro-batches that can be divided evenly among devices in every iteration."""
        return math.gcd(*(batch // self.micro_batch for batch in self.batch_schedule.batches))

    def suits(self, devices: int) -> bool:
        """Return whether `devices` can share an iteration: evenly, or one micro-batch each where these are joined."""
        shares = self.micro_batches
        return devices == shares if self.generator.joins_micro_batches else shares % devices == 0

    @property
    def follows_validation(self) -> bool:
        """Return whether some p follows r_v, which scores as many validation as training images in an iteration."""
        return follows_validation(self._choices)

    @model_validator(mode="wrap")
    @classmethod
    def _is_consistent(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report what is wrong with single fields and what is wrong between fields at once."""
        try:
            config = handler(value)
        except ValidationError as error:
            found = inconsistencies(Choices(**valid_fields(cls, value, error)))
            raise with_others(error, found, value) from None
        found = inconsistencies(config._choices)
        if found:
            raise ValidationError.from_exception_data(cls.__name__, whole_errors(found, value))
        return config
