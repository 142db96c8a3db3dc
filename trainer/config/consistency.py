"""Whether the parts of a configuration go together: every check is made for which its own parts are valid."""

from collections.abc import Callable, Iterator

from trainer.config.augment import AdaAugment, Adaptive, FixedAugment, misfit
from trainer.config.batch_schedule import BatchSchedule
from trainer.config.compatibility import Choices, WrongPart, conflicts
from trainer.config.networks.stylegan2 import StyleGan2Discriminator
from trainer.config.progressive_growing import ProgressiveGrowing


def inconsistencies(choices: Choices) -> list[str]:
    """Return what is wrong between the parts, one sentence each, without checks that need a part that is not there."""
    wrong = _misshapen(choices)
    if wrong:
        choices = choices.without("data")
    return [*wrong, *(text for check in CHECKS for text in _found(check, choices)), *conflicts(choices)]


def batch_schedule(choices: Choices) -> BatchSchedule:
    """Return how images are divided into iterations."""
    growing = [method for method in choices.methods if isinstance(method, ProgressiveGrowing)]
    if not growing:
        return BatchSchedule.constant(choices.batch)
    return growing[0].batch_schedule(choices.batch, choices.data.resolution)


def follows_validation(choices: Choices) -> bool:
    """Return whether some p follows r_v, which scores as many validation as training images in an iteration."""
    return any(isinstance(spec, Adaptive) and spec.heuristic == "rv" for spec in choices.specs)


Check = Callable[[Choices], Iterator[str]]


def _found(check: Check, choices: Choices) -> list[str]:
    try:
        return list(check(choices))
    except WrongPart:
        return []


def _misshapen(choices: Choices) -> list[str]:
    try:
        resolution = choices.data.resolution
    except WrongPart:
        return []
    fits = 4 <= resolution <= 1024 and not resolution & (resolution - 1)
    return [] if fits else [f"resolution {resolution} is not a power of two from 4 to 1024"]


def _uneven_batches(choices: Choices) -> Iterator[str]:
    micro_batch = choices.micro_batch
    for batch in batch_schedule(choices).batches:
        if batch % micro_batch:
            yield f"batch {batch} does not divide into micro-batches of {micro_batch}"


def _uneven_groups(choices: Choices) -> Iterator[str]:
    group, micro_batch = choices.discriminator.group, choices.micro_batch
    if group is not None and micro_batch % group:
        yield f"micro_batch {micro_batch} does not divide into minibatch_std groups of {group}"


def _missing_layers(choices: Choices) -> Iterator[str]:
    discriminator = choices.discriminator
    if not isinstance(discriminator, StyleGan2Discriminator):
        return
    frozen, most = discriminator.frozen_layers, discriminator.freezable_layers(choices.data.resolution)
    if frozen > most:
        yield f"discriminator.frozen_layers {frozen} exceeds the {most} layers before 4x4"


def _too_few_images(choices: Choices) -> Iterator[str]:
    data = choices.data
    if data.subset + data.validation > data.images:
        yield f"subset {data.subset} + validation {data.validation} is more than the {data.images} images of the set"


def _missing_labels(choices: Choices) -> Iterator[str]:
    if choices.data.labels and not choices.data.classes:
        yield "labels is true, but the data set has none"


def _missing_validation(choices: Choices) -> Iterator[str]:
    if follows_validation(choices) and not choices.data.validation:
        yield "heuristic rv needs validation images; set data.validation to their number"


def _unfit_pipe(choices: Choices) -> Iterator[str]:
    augment = choices.augment
    if isinstance(augment, FixedAugment | AdaAugment):
        problem = misfit(augment.pipe, choices.data.channels, choices.data.resolution)
        if problem:
            yield f"augment.pipe {augment.pipe} {problem}"


CHECKS: tuple[Check, ...] = (
    _uneven_batches,
    _uneven_groups,
    _missing_layers,
    _too_few_images,
    _missing_labels,
    _missing_validation,
    _unfit_pipe,
)
