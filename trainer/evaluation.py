"""Evaluating a run's moving average inline: snapshot, generate, measure, append the rows, keep best and last."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from trainer.config.metrics import better, parse_metric, value_names
from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig
from trainer.data.dataset import ImageSet, TrainSet
from trainer.metrics.evaluate import evaluate
from trainer.model.network import GeneratorNetwork
from trainer.randomness import generator_of, seed_everything
from trainer.record import RunDir, read_lines
from trainer.reporter import Reporter
from trainer.sheet import to_uint8
from trainer.signals import Preempted, StopRequest
from trainer.snapshot import point, prune_snapshots, save_snapshot, snapshot_path
from trainer.state import TrainState

BATCH = 64
SEED = 0


@dataclass
class Evaluator:
    """Measures snapshots against the whole data set. Rows of an earlier attempt count up to where it was resumed."""

    run: RunDir
    config: TrainConfig
    options: RunOptions
    train_set: TrainSet
    reference: ImageSet
    stop: StopRequest
    resumed_images: int
    known: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        rows = ((round(row["kimg"] * 1000), row["metric"]) for row in read_lines(self.run.metrics))
        self.known |= {(images, metric) for images, metric in rows if images <= self.resumed_images}

    def evaluate(self, state: TrainState, reporter: Reporter) -> None:
        """Keep a snapshot of this image counter, with those metrics of its average that are not known yet.

        Raises Preempted when a stop signal comes in the middle; nothing is written then.
        """
        missing = self._missing(state.images)
        kept = snapshot_path(self.run, state.images).exists() and state.images <= self.resumed_images
        if not reporter.speaks or (kept and not missing):
            return
        reporter.fence.check()
        average = presented(state.average, self.train_set)
        save_snapshot(self.run, self.config, state, average)
        if missing:
            self._measure(state, average, missing, reporter)
        self._keep(state.images)

    def _missing(self, images: int) -> list[str]:
        """Return the names of the metrics of which a number is not known at this image counter."""

        def numbers(name: str) -> set[tuple[int, str]]:
            return {(images, recorded) for recorded in value_names(parse_metric(name), self.options.detector)}

        return [name for name in self.options.metrics if not numbers(name) <= self.known]

    def _measure(self, state: TrainState, average: GeneratorNetwork, names: list[str], reporter: Reporter) -> None:
        def progress(doing: str) -> None:
            if self.stop.made:
                raise Preempted
            reporter.pulse(doing=f"evaluating: {doing}")

        values = evaluate(
            lambda count: generate(average, self.train_set, count, self.config.generator.z_dim),
            self.reference,
            names,
            self.options.detector,
            self.options.cache_dir,
            seed=SEED,
            progress=progress,
        )
        kimg = state.images / 1000
        reporter.append(self.run.metrics, *({"kimg": kimg, **value.row()} for value in values))
        self.known |= {(state.images, value.metric) for value in values}

    def _keep(self, images: int) -> None:
        """Point `best` at the best snapshot by the first metric, and remove what is not to be kept."""
        best = self._best() or images
        point(self.run.snapshots / "best.safetensors", snapshot_path(self.run, best))
        if self.options.snapshots_kept == "best-and-last":
            prune_snapshots(self.run, {images, best})

    def _best(self) -> int | None:
        """Return the image counter of the best snapshot that is still there; of equals, the earliest."""
        if not self.options.metrics:
            return None
        metric = value_names(parse_metric(self.options.metrics[0]), self.options.detector)[0]
        sign = 1 if better(metric) == "lower" else -1
        rows = [row for row in read_lines(self.run.metrics) if row["metric"] == metric]
        scores = {round(row["kimg"] * 1000): sign * row["value"] for row in rows if math.isfinite(row["value"])}
        kept = sorted(images for images in scores if snapshot_path(self.run, images).exists())
        return min(kept, key=lambda images: scores[images], default=None)


def presented(average: GeneratorNetwork, labels_of: ImageSet) -> GeneratorNetwork:
    """Return the average as it makes images outside training, with classes as frequent as in the set."""

    def labels(count: int, draws: torch.Generator) -> Float[Tensor, "n cdim"]:
        return labels_of.labels(torch.randint(len(labels_of), [count], generator=draws).numpy())

    return average.presentable(labels)


@torch.inference_mode()
def generate(
    generator: GeneratorNetwork, labels_of: ImageSet, count: int, z_dim: int, seed: int = SEED
) -> Iterator[UInt8[Tensor, "n c h w"]]:
    """Yield `count` generated images as uint8 batches [n c h w]: z ~ N(0, I), labels as frequent as in the set.

    The images depend on the weights and `seed` alone; the official metrics draw anew each time.
    """
    device = next(generator.parameters()).device
    draws = generator_of(seed, "evaluation")
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        z = torch.randn(size, z_dim, generator=draws).to(device)
        c = labels_of.labels(torch.randint(len(labels_of), [size], generator=draws).numpy()).to(device)
        seed_everything(seed, "evaluation noise", start)
        yield to_uint8(generator(z, c)).cpu()
