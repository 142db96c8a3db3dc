"""One attempt at a trial: assemble, take up where the last good checkpoint left off, train, say how it ended."""

import copy
import json
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from trainer import checkpoint
from trainer.augment.augmenter import Augmenter
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig
from trainer.config.training import Adam
from trainer.data.dataset import TrainSet
from trainer.distributed import World, join_world, leave_world
from trainer.energy import find_meter
from trainer.errors import UserError
from trainer.evaluation import Evaluator
from trainer.families import build
from trainer.fence import Fence
from trainer.loop import Diverged, Loop
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.logistic import Intervals
from trainer.objectives.phases import Phase
from trainer.randomness import seed_everything
from trainer.record import Energy, RunDir, RunRecord, State
from trainer.reporter import Reporter, SilentReporter
from trainer.schedules import lazy_adam
from trainer.sheets import Sheets
from trainer.signals import Preempted, StopRequest
from trainer.state import TrainState
from trainer.step import Stepper

DONE, USER_ERROR, PREEMPTED = 0, 2, 75


@dataclass(frozen=True)
class Attempt:
    """What to do, and where."""

    run: RunDir
    config: TrainConfig
    job: Job

    @property
    def options(self) -> RunOptions:
        return self.job.options


def read_attempt(directory: Path, number: int) -> Attempt:
    """Return the attempt described by trial.json and attempts/NNN/job.json.

    Raises UserError where either is missing or not what it should be.
    """
    run = RunDir(directory)
    try:
        trial = json.loads(run.trial.read_text(encoding="utf-8"))
        job = Job.model_validate_json(run.job(number).read_text(encoding="utf-8"))
        return Attempt(run, TrainConfig.model_validate(trial["config"]), job)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(directory, f"attempt {number} cannot be read: {error}") from error


def run_attempt(attempt: Attempt, stop: StopRequest) -> int:
    """Carry out an attempt and return its exit code: 0 done, 75 preempted. Other endings are exceptions."""
    torch.set_num_threads(attempt.options.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    world = join_world(attempt.config.batch // attempt.config.micro_batch)
    try:
        return _train(attempt, world, stop)
    finally:
        leave_world(world)


def _train(attempt: Attempt, world: World, stop: StopRequest) -> int:
    loop = assemble(attempt, world, stop)
    report = loop.reporter
    try:
        loop.to_horizon()
    except Preempted:
        report.event("preempted", loop.kimg, signal=str(stop.signal))
        report.update(state=State.PREEMPTED, kimg=loop.kimg, doing="", exit_code=PREEMPTED)
        return PREEMPTED
    except Diverged as rule:
        report.event("diverged", loop.kimg, rule=str(rule))
        message = f"diverged at {loop.kimg:g} kimg: {rule}"
        report.update(state=State.DONE, kimg=loop.kimg, doing="", exit_code=DONE, message=message, diverged=True)
        return DONE
    report.event("done", loop.kimg)
    report.update(state=State.DONE, kimg=loop.kimg, doing="", exit_code=DONE)
    return DONE


def assemble(attempt: Attempt, world: World, stop: StopRequest) -> Loop:
    """Build everything a loop needs and load the newest intact checkpoint into it."""
    config, options, run = attempt.config, attempt.options, attempt.run
    device = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    train_set = TrainSet(config.data, options.data_path, options.cache_dir)
    meter = find_meter([])
    reporter = _reporter(attempt, world, Energy(method=meter.method, coverage=1.0))
    parts = make_parts(config, device)
    _resume(parts.state, run, reporter)
    stepper = make_stepper(config, parts, train_set, world, device)
    evaluator = Evaluator(run, config, options, train_set, train_set.whole, stop, parts.state.images)
    sheets = Sheets(run, config, options, train_set)
    return Loop(run, options, stepper, reporter, evaluator, sheets, meter, stop, attempt.job.token)


class Parts(NamedTuple):
    """What a configuration builds: the initial state, the phases that change it, and the augmentation."""

    state: TrainState
    phases: Sequence[Phase]
    augmenter: Augmenter


def make_parts(config: TrainConfig, device: torch.device) -> Parts:
    """Return the parts of a new run; weights are drawn from the configuration's seed."""
    data = config.data
    shape = (data.resolution, data.channels, data.condition_dim)
    seed_everything(config.seed, "weights")
    generator: Generator = build(config.generator, *shape).to(device).train()
    discriminator: Discriminator = build(config.discriminator, *shape).to(device).train()
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    augmenter: Augmenter = build(config.augment)
    intervals = Intervals(config.generator_optimizer.regularize_every, config.discriminator_optimizer.regularize_every)
    objective = build(config.objective, generator, discriminator, augmenter.images, intervals)
    state = TrainState(
        generator,
        discriminator,
        average,
        adam(generator, config.generator_optimizer),
        adam(discriminator, config.discriminator_optimizer),
        {"objective": objective, "augmenter": augmenter},
    )
    return Parts(state, objective.phases, augmenter)


def make_stepper(config: TrainConfig, parts: Parts, train_set: TrainSet, world: World, device: torch.device) -> Stepper:
    """Return what moves `parts` on from wherever they are."""
    return Stepper(config, parts.state, parts.phases, parts.augmenter, train_set, world, device)


def adam(network: nn.Module, config: Adam) -> torch.optim.Optimizer:
    """Return Adam for the trainable parameters, with the correction for lazy regularisation."""
    lr, betas, _ = lazy_adam(config)
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trainable, lr=lr, betas=betas, eps=config.epsilon, fused=True)


def _reporter(attempt: Attempt, world: World, energy: Energy) -> Reporter:
    now = time.time()
    record = RunRecord(
        attempt=attempt.job.attempt,
        state=State.RUNNING,
        kimg=0,
        horizon_kimg=attempt.options.horizon_kimg,
        started=now,
        updated=0,
        host=socket.gethostname(),
        pid=os.getpid(),
        world_size=world.size,
        doing="starting",
        versions={name: version(name) for name in ("adasweep", "torch", "numpy")},
        energy=energy,
    )
    kind = Reporter if world.is_main else SilentReporter
    return kind(attempt.run, record, Fence(attempt.run.lease, attempt.job.token))


def _resume(state: TrainState, run: RunDir, reporter: Reporter) -> None:
    for found, tensors in checkpoint.intact(run.checkpoints):
        if tensors is None:
            reporter.event("damaged-checkpoint", found.images / 1000, file=found.path.name)
            continue
        state.load_tensors(tensors)
        reporter.event("resume", found.images / 1000, file=found.path.name, world_size=reporter.record.world_size)
        break
    else:
        reporter.event("start", 0.0, world_size=reporter.record.world_size)
    kimg = state.images / 1000
    reporter.update(kimg=kimg, resumed_from_kimg=kimg)
