"""Settings that change nothing beside the others of a configuration, so that trials that differ in them train alike."""

from collections.abc import Iterator

from trainer.config.augment import DiffAugment, FixedAugment
from trainer.config.train import TrainConfig
from trainer.config.training import Regularised


def idle_settings(config: TrainConfig) -> dict[str, str]:
    """Return the settings that change nothing, by dotted key, each with the reason."""
    return dict([*_of_images(config), *_of_training(config), *_of_augmentation(config), *_of_networks(config)])


def _of_images(config: TrainConfig) -> Iterator[tuple[str, str]]:
    if config.data.subset == config.data.images:
        yield "data.subset_seed", "all images are used"


def _of_training(config: TrainConfig) -> Iterator[tuple[str, str]]:
    if config.ema.beta is not None:
        yield "ema.half_life_kimg", "ema.beta is given"
        yield "ema.rampup", "ema.beta is given"
    if isinstance(config.objective, Regularised) and not config.objective.path_length_weight:
        yield "objective.path_length_decay", "objective.path_length_weight is 0"
        yield "objective.path_length_batch_shrink", "objective.path_length_weight is 0"


def _of_augmentation(config: TrainConfig) -> Iterator[tuple[str, str]]:
    objective, augment = config.objective, config.augment
    if isinstance(augment, FixedAugment) and not augment.p:
        yield "augment.pipe", "augment.p is 0"
    if isinstance(augment, DiffAugment) and isinstance(objective, Regularised) and not objective.r1_gamma:
        yield "augment.r1_at", "objective.r1_gamma is 0"


def _of_networks(config: TrainConfig) -> Iterator[tuple[str, str]]:
    for part, network in (("generator", config.generator), ("discriminator", config.discriminator)):
        if network.arithmetic.dtype == "fp32":
            yield f"{part}.precision.top_resolutions", f"{part}.precision.dtype is fp32"
    if not config.data.condition_dim:
        yield "discriminator.mapping_layers", "the network is unconditional"
        yield "discriminator.embedding_dim", "the network is unconditional"
