"""How fast an iteration of training is: Gmain + Greg/4 + Dmain + Dreg/16, their steps of Adam, no augmentation.

    python -m benchmarks.bench_iteration [--repeats 10]

CPU seconds of one thread, least of the repeats, all rows interleaved in one run; compare rows of one run only.
"""

import argparse
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.ratios import Ratio, implementations
from trainer.augment.critic import Critic
from trainer.config.networks import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.training import Logistic
from trainer.families import build
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.phases import Phase, Shard, complete_gradients, local, train_only
from trainer.objectives.regularised import Intervals
from trainer.ops.kernels import using
from trainer.process import settle


class Row(NamedTuple):
    """What is measured."""

    channel_base: int
    batch: int
    modulation: str = "activations"
    resolution: int = 32
    channel_max: int = 64
    dtype: str = "fp32"

    @property
    def precision(self) -> dict[str, Any]:
        return {} if self.dtype == "fp32" else {"dtype": self.dtype, "top_resolutions": 8}


ROWS = (Row(512, 16), Row(1024, 32), Row(1024, 32, "per-sample"))


class Bench:
    """Networks, phases and data of one row."""

    def __init__(self, row: Row) -> None:
        width = {"channel_base": row.channel_base, "channel_max": row.channel_max, "precision": row.precision}
        small = {"z_dim": 64, "w_dim": 64, "mapping_layers": 2, "modulation": row.modulation}
        shape = (row.resolution, 1, 0)
        self.generator: Generator = build(StyleGan2Generator(**width, **small), *shape)
        self.discriminator: Discriminator = build(StyleGan2Discriminator(**width), *shape)
        critic = Critic(self.discriminator, lambda images, _role: images)
        objective = build(Logistic(r1_gamma=0.1), self.generator, critic, Intervals(4, 16))
        self.phases: tuple[Phase, ...] = objective.phases
        images = torch.randn(row.batch, 1, row.resolution, row.resolution)
        nothing = torch.zeros(row.batch, 0)
        self.shard = Shard(images, nothing, torch.randn(row.batch, 64), nothing)
        networks: dict[str, nn.Module] = {"G": self.generator, "D": self.discriminator}
        self.networks = networks
        self.optimizers = {key: torch.optim.Adam(net.parameters(), fused=True) for key, net in networks.items()}
        self.seconds = {phase.name: float("inf") for phase in self.phases}

    def run(self) -> None:
        for phase in self.phases:
            start = time.process_time()
            self._step(phase)
            self.seconds[phase.name] = min(self.seconds[phase.name], time.process_time() - start)

    def _step(self, phase: Phase) -> None:
        network = self.networks[phase.network]
        train_only(phase.network, self.generator, self.discriminator)
        network.zero_grad(set_to_none=True)
        (phase.loss(self.shard).loss.mean() * phase.gain).backward()
        phase.finish(local)
        complete_gradients(network.parameters())
        self.optimizers[phase.network].step()

    @property
    def milliseconds(self) -> float:
        """Return the time of an iteration averaged over lazy intervals."""
        return 1000 * sum(self.seconds[phase.name] / phase.interval for phase in self.phases)

    def images_per_second(self) -> float:
        return 1000 * len(self.shard.real) / self.milliseconds


class Side(NamedTuple):
    """One way to compute an iteration."""

    row: Row
    ops: str = "reference"


def iteration_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare whole iterations: implementations, precisions, formulations, all in turns."""
    kernels = implementations()
    for name, row in COMPARED.items():
        sides = {
            "per-sample, reference ops": Side(row._replace(modulation="per-sample")),
            "reference": Side(row),
            "native": Side(row, "native"),
            "native bf16": Side(row._replace(dtype="bf16"), "native"),
        }
        benches = {which: Bench(side.row) for which, side in sides.items()}
        for _ in range(rounds + 1):
            for which, bench in benches.items():
                with using(kernels[sides[which].ops]):
                    bench.run()
        took = {which: bench.milliseconds for which, bench in benches.items()}
        for slow, fast in (("reference", "native"), ("native", "native bf16"), ("per-sample, reference ops", "native")):
            yield Ratio(f"iteration, {name}", slow, fast, took[slow], took[fast])


COMPARED = {
    "tiny32 (32², channel base 512), batch 16": Row(512, 16),
    "32², channel base 2048, batch 8": Row(2048, 8, channel_max=128),
    "256², channel base 2048, batch 2": Row(2048, 2, resolution=256),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    settle(threads=1)
    benches = {row: Bench(row) for row in ROWS}
    for _ in range(repeats + 1):
        for bench in benches.values():
            bench.run()
    names = ("Gmain", "Greg", "Dmain", "Dreg")
    table = Table("channel base", "batch", "modulation", *(f"{name} ms" for name in names), "images per CPU second")
    for row, bench in benches.items():
        milliseconds = [f"{1000 * bench.seconds[name]:.0f}" for name in names]
        table.add_row(str(row[0]), str(row[1]), row[2], *milliseconds, f"{bench.images_per_second():.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
