"""Statistics accumulated over a tick: loss terms, gradient norms and histograms of logits.

The sums are part of the run's state, so that rows written after a resume equal those of an uninterrupted run.
"""

import resource
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor

EDGES = tuple(round(-10 + 0.1 * i, 1) for i in range(201))
LOGITS = {"Loss/scores/real": "train", "Loss/scores/fake": "generated", "Loss/scores/validation": "validation"}


def peak_memory_gib() -> float:
    """Return the peak memory of this process: on the GPU if there is one, else resident memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


class TickSums:
    """Sums and counts of named statistics since the last tick, and histograms of D's logits (200 bins, -10 to 10)."""

    def __init__(self) -> None:
        self._moments: dict[str, Tensor] = {}
        self._histograms: dict[str, Tensor] = {}

    def add(self, stats: Mapping[str, Tensor]) -> None:
        """Add the values [any shape] of each statistic."""
        for name, values in stats.items():
            values = values.detach().to("cpu", torch.float64)
            moments = torch.stack([values.sum(), torch.tensor(float(values.numel()), dtype=torch.float64)])
            self._moments[name] = self._moments.get(name, torch.zeros(2, dtype=torch.float64)) + moments
            if name in LOGITS:
                self._count(LOGITS[name], values)

    def _count(self, kind: str, logits: Float64[Tensor, "*any"]) -> None:
        inside = logits.nan_to_num().clamp(EDGES[0], EDGES[-1])
        counts = torch.histc(inside, bins=len(EDGES) - 1, min=EDGES[0], max=EDGES[-1])
        self._histograms[kind] = self._histograms.get(kind, torch.zeros_like(counts)) + counts

    def means(self) -> dict[str, float]:
        """Return the mean of every statistic since the last tick, by name in order."""
        return {name: (total / count).item() for name, (total, count) in sorted(self._moments.items())}

    def total(self, name: str) -> float:
        """Return the sum of a statistic since the last tick, 0 if there is none."""
        moments = self._moments.get(name)
        return 0.0 if moments is None else moments[0].item()

    def histograms(self) -> dict[str, Any]:
        """Return counts per bin for train, generated and validation images; None for a kind without images."""
        kinds = {kind: self._histograms.get(kind) for kind in sorted(LOGITS.values())}
        return {kind: None if counts is None else counts.int().tolist() for kind, counts in kinds.items()}

    def clear(self) -> None:
        """Start the next tick."""
        self._moments.clear()
        self._histograms.clear()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the sums as tensors."""
        moments = {f"moments/{name}": value for name, value in self._moments.items()}
        return moments | {f"histograms/{kind}": value for kind, value in self._histograms.items()}

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        """Restore what `state_dict` returned."""
        self.clear()
        for name, value in tensors.items():
            group, _, key = name.partition("/")
            {"moments": self._moments, "histograms": self._histograms}[group][key] = value.clone()
