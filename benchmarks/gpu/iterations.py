"""Whole training iterations: three formulations, four precisions, their memory, and where their time goes."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from benchmarks.gpu.accelerator import Accelerator, tf32
from benchmarks.gpu.profiling import shares
from benchmarks.gpu.report import Row
from benchmarks.official import Official, rewrite
from trainer.attempt.assemble import make_parts
from trainer.config.dataset.config import DataDescription
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.objectives.phases import MicroBatch, Phase, complete_gradients
from trainer.ops.kernels import Kernels, using
from trainer.ops.reference import ReferenceKernels
from trainer.runtime.world import World

PRESETS = {"cifar": 32, "paper256": 256, "paper512": 512, "paper1024": 1024}
"""Presets and the resolution at which each is measured."""

Precision = Literal["fp32", "TF32", "fp16", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "TF32", "fp16", "bf16")
OFFICIAL, REFERENCE, NATIVE = FORMULATIONS = ("official", "reference", "native")


class Size(NamedTuple):
    """A preset at a resolution, and settings that change it, as in tests."""

    preset: str
    resolution: int
    settings: Mapping[str, Any] = {}


def configured(size: Size, precision: Precision) -> TrainConfig:
    """Return the configuration of a size at a precision, without augmentation."""
    data = DataDescription(
        name="random", fingerprint="0" * 16, images=1000, resolution=size.resolution, channels=3, classes=0
    )
    config = resolve({"preset": size.preset, "augment": "none", **size.settings}, data)
    half = {"fp16": "fp16", "bf16": "bf16"}.get(precision, "fp32")
    tree = config.model_dump(mode="json")
    for network in ("generator", "discriminator"):
        tree[network]["precision"] |= {"dtype": half} | ({} if half != "fp32" else {"conv_clamp": None})
    return TrainConfig.model_validate(tree)


class Iteration:
    """A micro-batch of random images through every phase, with Adam steps, as the training loop computes it."""

    def __init__(self, config: TrainConfig, device: torch.device, kernels: Kernels) -> None:
        parts = make_parts(config, device)
        state = parts.state
        self.kernels, self.phases = kernels, tuple(parts.phases)
        self.networks: dict[str, nn.Module] = {"G": state.generator, "D": state.discriminator}
        self.optimizers = {"G": state.generator_optimizer, "D": state.discriminator_optimizer}
        if isinstance(kernels, Official):
            for network in self.networks.values():
                rewrite(network, grouped=False)
        count, side = config.micro_batch, config.data.resolution
        nothing = torch.zeros(count, 0, device=device)
        images = torch.randn(count, config.data.channels, side, side, device=device)
        latents = torch.randn(count, state.generator.z_dim, device=device)
        self.micro_batch = MicroBatch(images, nothing, latents, nothing)

    def step(self, phase: Phase) -> None:
        """Run one phase."""
        network = self.networks[phase.network]
        for name, other in self.networks.items():
            other.requires_grad_(name == phase.network)
        network.zero_grad(set_to_none=True)
        with using(self.kernels):
            (phase.loss(self.micro_batch).loss.mean() * phase.gain).backward()
        phase.finish(World().sum)
        complete_gradients(network.parameters())
        self.optimizers[phase.network].step()

    def run(self) -> None:
        """Run every phase once."""
        for phase in self.phases:
            self.step(phase)

    def milliseconds(self, accelerator: Accelerator, rounds: int) -> float:
        """Return the time of an iteration, averaged over the lazy intervals."""
        works = {phase.name: partial(self.step, phase) for phase in self.phases}
        taken = accelerator.medians(works, rounds)
        return sum(taken[phase.name] / phase.interval for phase in self.phases)


def formulations(accelerator: Accelerator) -> dict[str, Kernels]:
    """Return the three ways to compute an iteration."""
    return {OFFICIAL: Official(), REFERENCE: ReferenceKernels(), NATIVE: accelerator.native()}


def measurements(
    accelerator: Accelerator, sizes: list[Size], rounds: int, precisions: tuple[Precision, ...] = PRECISIONS
) -> Iterator[Row]:
    """Yield times, ratios, memory, and shares of convolutions and of host gaps, size by size."""
    for size in sizes:
        for precision in precisions:
            with tf32(precision == "TF32"):
                yield from _measured(accelerator, size, precision, rounds)


def _measured(accelerator: Accelerator, size: Size, precision: Precision, rounds: int) -> Iterator[Row]:
    config, taken = configured(size, precision), dict[str, float]()
    name = f"{size.preset} at {size.resolution}², batch {config.micro_batch}, {precision}"
    for which, kernels in formulations(accelerator).items():
        iteration = Iteration(config, accelerator.device, kernels)
        taken[which] = iteration.milliseconds(accelerator, rounds)
        yield Row(f"{name}, {which}", taken[which], "ms per iteration")
        yield Row(f"{name}, {which}: peak memory", accelerator.peak_gib(iteration.run), "GiB")
        if which == NATIVE:
            for kind, share in shares(accelerator, iteration).items():
                yield Row(f"{name}, {which}: {kind}", 100 * share, "% of an iteration")
        del iteration
    for other in (OFFICIAL, REFERENCE):
        yield Row(f"{name}: {other} over {NATIVE}", taken[other] / taken[NATIVE], "times")
