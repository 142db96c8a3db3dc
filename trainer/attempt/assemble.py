"""Build everything that trains a configuration, restored from the newest intact checkpoint."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from trainer.attempt.evaluation import EvaluationJob
from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.augment.augmenter import Augmenter
from trainer.config.identity import trial_id
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.stored import rows_in
from trainer.config.train import TrainConfig
from trainer.config.training import Adam
from trainer.data.dataset import TrainSet
from trainer.errors import UserError
from trainer.evaluation.inline import Evaluator
from trainer.evaluation.measurer import Measurer
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.model.standing_statistics import join_statistics
from trainer.objectives.method import INITIAL_LR, Method
from trainer.objectives.phases import Phase
from trainer.objectives.regularised import Intervals
from trainer.record import RunDir
from trainer.recording.beyond import set_aside_beyond
from trainer.recording.energy_meters import Meter
from trainer.recording.reporter import Reporter
from trainer.recording.rounding import (
    ComputeEnvironment,
    environment_of,
    is_otherwise_beyond,
    is_repeated_from_scratch,
    note_changes,
)
from trainer.recording.set_aside import set_aside
from trainer.registry import build
from trainer.runtime.console import log
from trainer.runtime.randomness import seed_everything
from trainer.runtime.signals import StopRequest
from trainer.runtime.world import World
from trainer.state import checkpoint
from trainer.state.train_state import TrainState
from trainer.state.transfer import identity_of, start_from
from trainer.training.batches import Batches
from trainer.training.eager_adam import EagerAdam
from trainer.training.loop import Loop
from trainer.training.sample_sheets import SampleSheetWriter
from trainer.training.schedules import lazy_adam
from trainer.training.step import Stepper


@dataclass(frozen=True)
class Attempt:
    """A run directory, its configuration, and the job to do."""

    run: RunDir
    config: TrainConfig
    job: Job

    @property
    def options(self) -> RunOptions:
        return self.job.options


class Parts(NamedTuple):
    """What a configuration builds: the initial state, the phases that change it, the augmentation, and the methods."""

    state: TrainState
    phases: Sequence[Phase]
    augmented_discriminator: AugmentedDiscriminator
    augmenter: Augmenter
    methods: Sequence[Method]


def assemble(attempt: Attempt, world: World, stop: StopRequest, reporter: Reporter, meter: Meter) -> Loop:
    """Build everything a loop needs and load the newest intact checkpoint into it."""
    config, options, run = attempt.config, attempt.options, attempt.run
    _require_enough_ranks(config, world)
    train_set = TrainSet(config.data, options.data_path, options.cache_dir)
    parts = make_parts(config, world.device)
    restore_or_start(parts.state, attempt, reporter, world)
    stepper = make_stepper(config, parts, train_set, world)
    measurer = Measurer(run, options, train_set, train_set.whole, stop, world, attempt.job.sweep)
    evaluator = Evaluator(config, measurer, parts.state.images)
    sheets = SampleSheetWriter(run, config, options, train_set, parts.state.images)
    return Loop(run, options, stepper, reporter, evaluator, sheets, meter, stop)


def _require_enough_ranks(config: TrainConfig, world: World) -> None:
    if not config.suits(world.size):
        text = f"{world.size} processes cannot normalise by the statistics of {config.micro_batches} micro-batches"
        raise UserError("WORLD_SIZE", text, f"use {config.micro_batches}")


def assemble_evaluation(attempt: Attempt, world: World, stop: StopRequest, reporter: Reporter) -> EvaluationJob:
    """Build the job that measures the snapshots of a trial."""
    train_set = TrainSet(attempt.config.data, attempt.options.data_path, attempt.options.cache_dir)
    run, options = attempt.run, attempt.options
    measurer = Measurer(run, options, train_set, train_set.whole, stop, world, attempt.job.sweep)
    return EvaluationJob(attempt.config, measurer, reporter)


def make_parts(config: TrainConfig, device: torch.device) -> Parts:
    """Return the parts of a new run; weights are drawn from the configuration's seed."""
    seed_everything(config.seed, "weights")
    networks = config.networks
    shape = (networks.resolution, networks.channels, networks.condition_dim)
    generator: GeneratorNetwork = build(networks.generator, *shape)
    discriminator: DiscriminatorNetwork = build(networks.discriminator, *shape)
    augmenter: Augmenter = build(config.augment)
    augmented_discriminator = augmenter.augmented_discriminator(discriminator)
    methods: dict[str, Method] = {spec.type: build(spec) for spec in config.methods}
    for method in methods.values():
        method.prepare(generator, discriminator)
    generator, discriminator = generator.to(device).train(), discriminator.to(device).train()
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    intervals = Intervals(config.generator_optimizer.regularize_every, config.discriminator_optimizer.regularize_every)
    objective = build(config.objective, generator, augmented_discriminator, intervals, tuple(methods.values()))
    state = TrainState(
        generator,
        discriminator,
        average,
        adam(generator, config.generator_optimizer),
        adam(discriminator, config.discriminator_optimizer),
        {"objective": objective, "augmenter": augmenter, **methods},
    )
    return Parts(state, objective.phases, augmented_discriminator, augmenter, tuple(methods.values()))


def make_stepper(config: TrainConfig, parts: Parts, train_set: TrainSet, world: World) -> Stepper:
    """Return the stepper that trains `parts` from their present state."""
    if config.generator.joins_micro_batches:
        join_statistics(parts.state.generator, world)
    return Stepper(config, *parts, Batches(config, train_set, parts.state.images, world.device), world)


def adam(network: nn.Module, config: Adam) -> torch.optim.Optimizer:
    """Return Adam for the trainable parameters, with the correction for lazy regularisation."""
    lr, betas, _ = lazy_adam(config)
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    group = {"params": trainable, INITIAL_LR: lr}
    return EagerAdam([group], lr=lr, betas=betas, eps=config.epsilon, fused=True)


def restore_or_start(state: TrainState, attempt: Attempt, reporter: Reporter, world: World) -> None:
    """Load the newest checkpoint that is intact for all ranks.

    Without one, start anew, from the weights of a snapshot if so configured.
    """
    environment = environment_of(reporter.record, attempt.options.threads)
    loaded = _load_newest(state, attempt, reporter, world)
    kimg = state.images / 1000
    if loaded:
        details = _continue_otherwise(attempt, state.images, reporter, environment) if reporter.speaks else {}
        note_changes(attempt.run, kimg, reporter, environment)
        reporter.event("resume", kimg, file=loaded.name, **environment, **details)
    else:
        _start(state, attempt, reporter, environment)
    reporter.update(kimg=kimg, resumed_from_kimg=kimg)


def _load_newest(state: TrainState, attempt: Attempt, reporter: Reporter, world: World) -> Path | None:
    """Load the newest checkpoint that no rank finds damaged or missing, of those that the first rank finds."""
    folder, trial = attempt.run.checkpoints, trial_id(attempt.config)
    for found in world.gather([checkpoint.found(folder)])[0]:
        tensors = replace(found, path=folder / found.path.name).load(trial)
        if not world.any(tensors is None):
            assert tensors is not None
            state.load_tensors(tensors)
            return found.path
        reporter.event("damaged-checkpoint", found.images / 1000, file=found.path.name)
        if world.is_main:
            log(f"adasweep: {found.path}: damaged checkpoint, or of another trial; skipped")
    return None


def _start(state: TrainState, attempt: Attempt, reporter: Reporter, environment: ComputeEnvironment) -> None:
    transfer, path = attempt.config.transfer, attempt.options.transfer_path
    details = _abandon(attempt, reporter, environment) if reporter.speaks else {}
    if transfer is not None:
        left = start_from(state, attempt.config.networks, transfer, path)
        assert path is not None
        details |= {**identity_of(path), **{name: names for name, names in left._asdict().items() if names}}
    reporter.event("start", 0.0, **environment, **details)


def _abandon(attempt: Attempt, reporter: Reporter, environment: ComputeEnvironment) -> dict[str, object]:
    """Set aside what an earlier training has recorded, unless it is repeated; return how much was lost, and where."""
    run = attempt.run
    lost = max((row["kimg"] for row in rows_in(run.ticks)), default=0.0)
    before = f"of the {lost:g} kimg trained before" if lost else "of an earlier attempt"
    if is_repeated_from_scratch(run, environment):
        if lost:
            log(f"adasweep: no checkpoint {before}; starting from scratch, which repeats it")
        return {"lost_kimg": lost} if lost else {}
    place = set_aside(run, reporter.record.attempt, reporter.fence)
    if place is None:
        return {}
    log(f"adasweep: no intact checkpoint left {before}; starting from scratch")
    log(f"adasweep: what was recorded until then no longer counts; it is kept in {place}")
    return {"lost_kimg": lost, "set_aside": place.relative_to(run.path).as_posix()}


def _continue_otherwise(
    attempt: Attempt, images: int, reporter: Reporter, environment: ComputeEnvironment
) -> dict[str, object]:
    """Set aside what was recorded beyond a checkpoint if its training is not repeated; return where it is."""
    if not is_otherwise_beyond(attempt.run, images / 1000, environment):
        return {}
    place = set_aside_beyond(attempt.run, images, reporter.record.attempt, reporter.fence)
    if place is None:
        return {}
    log(f"adasweep: this attempt computes otherwise than the one before; resumed at {images / 1000:g} kimg")
    log(f"adasweep: what was recorded beyond that no longer counts; it is kept in {place}")
    return {"set_aside": place.relative_to(attempt.run.path).as_posix()}
