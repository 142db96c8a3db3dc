"""Evaluating a run's moving average inline: snapshot, generate, measure, append the rows, keep best and last."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig
from trainer.data.dataset import ImageSet, TrainSet
from trainer.metrics.evaluate import evaluate
from trainer.model.generator import Generator
from trainer.randomness import generator_of, seed_everything
from trainer.record import RunDir, read_lines
from trainer.reporter import Reporter
from trainer.sheet import to_uint8
from trainer.signals import Preempted, StopRequest
from trainer.snapshot import images_of, prune_snapshots, save_snapshot
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
    done: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        rows = read_lines(self.run.metrics)
        kept = {round(row["kimg"] * 1000) for row in rows}
        self.done |= {images for images in kept if images <= self.resumed_images}

    def evaluate(self, state: TrainState, reporter: Reporter) -> None:
        """Measure `state.average` unless that was done at this image counter.

        Raises Preempted when a stop signal comes in the middle; nothing is written then.
        """
        if state.images in self.done or not reporter.speaks or not self.options.metrics:
            return
        save_snapshot(self.run, self.config, state)

        def progress(doing: str) -> None:
            if self.stop.made:
                raise Preempted
            reporter.pulse(doing=f"evaluating: {doing}")

        values = evaluate(
            lambda count: generate(state.average, self.train_set, count, self.config.generator.z_dim),
            self.reference,
            self.options.metrics,
            self.options.detector,
            self.options.cache_dir,
            seed=SEED,
            progress=progress,
        )
        kimg = state.images / 1000
        reporter.append(self.run.metrics, *({"kimg": kimg, **value.row()} for value in values))
        self.done.add(state.images)
        if self.options.snapshots_kept == "best-and-last":
            prune_snapshots(self.run, {state.images, self._best(values[0].metric)})

    def _best(self, metric: str) -> int:
        scores = {row["kimg"]: row["value"] for row in read_lines(self.run.metrics) if row["metric"] == metric}
        kept = {images_of(path) for path in self.run.snapshots.glob("snapshot-*")}
        best = min((kimg for kimg in scores if round(kimg * 1000) in kept), key=lambda kimg: scores[kimg])
        return round(float(best) * 1000)


@torch.inference_mode()
def generate(generator: Generator, labels_of: ImageSet, count: int, z_dim: int, seed: int = SEED) -> Iterator[Tensor]:
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
