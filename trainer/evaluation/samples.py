"""The images that are evaluated, and pairs of images a small step apart; deterministic in the seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from trainer.data.dataset import ImageSet
from trainer.images.grids import to_uint8
from trainer.images.latents import resampled
from trainer.metrics.ppl import EPSILON, slerp
from trainer.model.network import GeneratorNetwork
from trainer.runtime.randomness import generator_of, seed_everything

BATCH: Final = 64
SEED: Final = 0


class Share(NamedTuple):
    """Every `of`-th batch, starting with number `first`: the part of one of several processes."""

    first: int = 0
    of: int = 1


WHOLE: Final = Share()


class ImageBatch(NamedTuple):
    """Images in 0..255, and the number of the first, which is even, so that images can be paired."""

    start: int
    images: UInt8[Tensor, "n c h w"]


class PathSteps(NamedTuple):
    """Images in [-1, 1] at t and t + epsilon of n random paths, and the number of the first path."""

    start: int
    before: Float[Tensor, "n c h w"]
    after: Float[Tensor, "n c h w"]


@runtime_checkable
class Subject(Protocol):
    """Yields at least `count` images or paths in order, in batches; only those of `share`."""

    def images(self, count: int, share: Share, /) -> Iterator[ImageBatch]: ...

    def paths(self, count: int, path: str, share: Share, /) -> Iterator[PathSteps]: ...


class Draw(NamedTuple):
    """The latents and labels of one batch."""

    start: int
    z: Float32[Tensor, "n zdim"]
    c: Float32[Tensor, "n cdim"]


@dataclass(frozen=True)
class Samples:
    """Images of a generator: z ~ N(0, I), labels with the frequencies of the set.

    They depend only on the weights, `seed`, and truncation: by `psi` in w, or by resampling entries of z beyond
    `threshold`. The official metrics draw new latents each time.
    """

    generator: GeneratorNetwork
    labels_of: ImageSet
    seed: int = SEED
    psi: float = 1.0
    threshold: float | None = None

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    @torch.inference_mode()
    def images(self, count: int, share: Share = WHOLE) -> Iterator[ImageBatch]:
        """Yield generated images in 0..255 on the CPU."""
        for start, z, c in self.draws("evaluation", count, share):
            seed_everything(self.seed, "evaluation noise", start)
            yield ImageBatch(start, to_uint8(self.generator(z, c, self.psi)).cpu())

    @torch.inference_mode()
    def paths(self, count: int, path: str, share: Share = WHOLE) -> Iterator[PathSteps]:
        """Yield both ends of steps of 1e-4 between two latents, with equal noise, in fp32.

        `path` is wend, wfull, zend or zfull, as in a metric's name.
        """
        t_draws = generator_of(self.seed, "path position")
        others = self.draws("path end", count, WHOLE)
        for (start, z, c), (_, end, _) in zip(self.draws("path start", count, WHOLE), others, strict=True):
            t = torch.rand(len(z), 1, generator=t_draws).to(self.device) * (0.0 if "end" in path else 1.0)
            if start // BATCH % share.of == share.first:
                first, second = (self._ws_at(path, z, end, c, at) for at in (t, t + EPSILON))
                yield PathSteps(start, self._drawn(first, start), self._drawn(second, start))

    def _ws_at(self, path: str, start: Tensor, end: Tensor, c: Tensor, t: Tensor) -> Float[Tensor, "n layers wdim"]:
        mapping = self.generator.mapping
        if path.startswith("z"):
            between: Tensor = mapping(slerp(start, end, t), c)
        else:
            between = mapping(start, c).lerp(mapping(end, c), t[:, :, None])
        return between

    def _drawn(self, ws: Float[Tensor, "n layers wdim"], start: int) -> Float[Tensor, "n c h w"]:
        seed_everything(self.seed, "path noise", start)
        images: Tensor = self.generator.synthesis(ws, force_fp32=True)
        return images

    def first(self, purpose: str, count: int) -> Draw:
        """Return `count` latents and labels in one draw."""
        starts, zs, cs = zip(*self.draws(purpose, count), strict=True)
        return Draw(starts[0], torch.cat(zs), torch.cat(cs))

    def draws(self, purpose: str, count: int, share: Share = WHOLE) -> Iterator[Draw]:
        """Yield latents and labels of the batches of a share; all are drawn, so that they do not depend on shares."""
        draws, z_dim = generator_of(self.seed, purpose), self.generator.z_dim
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            z = torch.randn(size, z_dim, generator=draws)
            z = resampled(z.flatten(), self.threshold, draws).view(size, z_dim)
            indices = torch.randint(len(self.labels_of), [size], generator=draws).numpy()
            if start // BATCH % share.of == share.first:
                yield Draw(start, z.to(self.device), self.labels_of.labels(indices).to(self.device))
