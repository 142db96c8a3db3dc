"""The time of a training iteration: Gmain + Greg/4 + Dmain + Dreg/16, and their Adam steps.

CPU milliseconds of one thread, least of the rounds, with the sides of a comparison taking turns; also wall-clock times
with one and two threads. Compare only numbers of one run.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.official import Official, rewrite
from benchmarks.ratios import Ratio, implementations
from trainer.augment.augmented_discriminator import AugmentedDiscriminator, Role
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.training import Logistic
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.phases import MicroBatch, Phase, complete_gradients
from trainer.objectives.regularised import Intervals
from trainer.ops.kernels import Kernels, using
from trainer.registry import build
from trainer.runtime.world import World


class Row(NamedTuple):
    """The networks and the batch of one measurement."""

    channel_base: int
    batch: int
    resolution: int = 32
    channel_max: int = 64
    dtype: str = "fp32"

    @property
    def precision(self) -> dict[str, Any]:
        return {} if self.dtype == "fp32" else {"dtype": self.dtype, "top_resolutions": 8}


Shown = Callable[[Tensor, Role], Tensor]
Clock = Callable[[], float]


def untouched(images: Tensor, _role: Role) -> Tensor:
    """Return the images unchanged: no augmentation."""
    return images


class Bench:
    """Networks, phases and data of one row, computed by `kernels`; `shown` augments what the discriminator sees."""

    def __init__(self, row: Row, kernels: Kernels, shown: Shown = untouched) -> None:
        width = {"channel_base": row.channel_base, "channel_max": row.channel_max, "precision": row.precision}
        small = {"z_dim": 64, "w_dim": 64, "mapping_layers": 2}
        shape = (row.resolution, 1, 0)
        self.kernels = kernels
        self.generator: Generator = build(StyleGan2Generator(**width, **small), *shape)
        self.discriminator: Discriminator = build(StyleGan2Discriminator(**width), *shape)
        objective = build(
            Logistic(r1_gamma=0.1), self.generator, AugmentedDiscriminator(self.discriminator, shown), Intervals(4, 16)
        )
        self.phases: tuple[Phase, ...] = objective.phases
        images = torch.randn(row.batch, 1, row.resolution, row.resolution)
        nothing = torch.zeros(row.batch, 0)
        self.micro_batch = MicroBatch(images, nothing, torch.randn(row.batch, 64), nothing)
        self.networks: dict[str, nn.Module] = {"G": self.generator, "D": self.discriminator}
        self.optimizers = {key: torch.optim.Adam(net.parameters(), fused=True) for key, net in self.networks.items()}
        self.reset()

    def reset(self) -> None:
        """Discard all times."""
        self.seconds = {phase.name: float("inf") for phase in self.phases}

    def run(self, clock: Clock = time.process_time) -> None:
        """Run every phase once, and record its time if it is the least so far."""
        for phase in self.phases:
            start = clock()
            self.step(phase)
            self.seconds[phase.name] = min(self.seconds[phase.name], clock() - start)

    def step(self, phase: Phase) -> None:
        """Run a phase as the training loop does."""
        network = self.networks[phase.network]
        self.generator.requires_grad_(phase.network == "G")
        self.discriminator.requires_grad_(phase.network == "D")
        network.zero_grad(set_to_none=True)
        with using(self.kernels):
            (phase.loss(self.micro_batch).loss.mean() * phase.gain).backward()
        phase.finish(World().sum)
        complete_gradients(network.parameters())
        self.optimizers[phase.network].step()

    @property
    def milliseconds(self) -> float:
        """Return the time of an iteration, averaged over the lazy intervals."""
        return 1000 * sum(self.seconds[phase.name] / phase.interval for phase in self.phases)

    def images_per_second(self) -> float:
        return 1000 * len(self.micro_batch.real) / self.milliseconds


def official(row: Row, grouped: bool) -> Bench:
    """Return the same networks in the official formulation, with torch's default Adam."""
    bench = Bench(row, Official())
    for key, network in bench.networks.items():
        rewrite(network, grouped)
        bench.optimizers[key] = torch.optim.Adam(network.parameters())
    return bench


def take_turns(benches: Mapping[str, Bench], rounds: int, clock: Clock = time.process_time) -> dict[str, float]:
    """Return the milliseconds of an iteration of each, after one warm-up round."""
    for number in range(rounds + 1):
        for bench in benches.values():
            bench.run(clock)
            if number == 0:
                bench.reset()
    return {name: bench.milliseconds for name, bench in benches.items()}


def iteration_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare whole iterations across implementations, formulations and, with AVX-512, precisions.

    Processors that have AVX2 alone emulate bf16, several times slower than float32.
    """
    kernels = implementations()
    for name, row in COMPARED.items():
        benches = {
            "official, grouped": official(row, True),
            "official": official(row, False),
            "reference": Bench(row, kernels["reference"]),
            "native": Bench(row, kernels["native"]),
        }
        if torch.backends.cpu.get_cpu_capability() == "AVX512":
            half = row._replace(dtype="bf16")
            benches |= {f"{which} bf16": Bench(half, kernels[which]) for which in ("reference", "native")}
        took = take_turns(benches, rounds)
        best = min(("official", "official, grouped"), key=lambda which: took[which])
        for slow, fast in (
            ("reference", "native"),
            ("native", "native bf16"),
            (best, "reference"),
            (best, "native"),
            (best, "reference bf16"),
            (best, "native bf16"),
        ):
            if fast in took:
                yield Ratio(f"iteration, {name}", slow, fast, took[slow], took[fast])


def thread_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare wall-clock times: formulations, each with its better number of threads, and two threads with one."""
    for name, row in COMPARED_BY_CLOCK.items():
        benches = {"official": official(row, False), "native": Bench(row, implementations()["native"])}
        took: dict[str, list[tuple[float, int]]] = {which: [] for which in benches}
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for which, milliseconds in take_turns(benches, rounds, time.perf_counter).items():
                took[which].append((milliseconds, threads))
        torch.set_num_threads(1)
        (slow, slow_threads), (fast, fast_threads) = (min(took[which]) for which in benches)
        sides = f"official, {slow_threads} threads", f"native, {fast_threads} threads"
        yield Ratio(f"iteration by the clock, {name}", *sides, slow, fast)
        (one, _), (two, _) = took["native"]
        yield Ratio(f"iteration by the clock, {name}", ONE_THREAD, TWO_THREADS, one, two)


ONE_THREAD, TWO_THREADS = "native, 1 thread", "native, 2 threads"
COMPARED = {
    "tiny32 (32², channel base 512), batch 16": Row(512, 16),
    "256², channel base 2048, batch 2": Row(2048, 2, resolution=256),
    "32², channel base 2048, batch 32": Row(2048, 32, channel_max=128),
    "32², channel base 8192, batch 8": Row(8192, 8, channel_max=512),
}
COMPARED_BY_CLOCK = {name: row for name, row in COMPARED.items() if row.channel_base == 2048 and row.resolution == 32}
