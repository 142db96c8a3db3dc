"""Overfitting heuristics of the discriminator (Karras et al. 2020, Sec. 3.1, Eq. 1), over a few iterations."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

SIGNS = "Loss/signs/real"
TRAIN = "Loss/scores/real"
VALIDATION = "Loss/scores/validation"
GENERATED = "Loss/scores/fake"
OBSERVED = (SIGNS, TRAIN, VALIDATION, GENERATED)


def validation_ratio(train: float, validation: float, generated: float) -> float:
    """Return r_v = (E[D_train] - E[D_validation]) / (E[D_train] - E[D_generated]), the denominator at least 1e-8.

    0 shows no overfitting; at 1 the discriminator takes validation images for generated ones.
    """
    return (train - validation) / max(train - generated, 1e-8)


class Heuristics(NamedTuple):
    """The two heuristics: r_t = E[sign D_train], and r_v; None if the logits it needs were not observed."""

    r_t: float | None = None
    r_v: float | None = None


class OverfittingMeter:
    """Sums and counts of signs and logits since the last reading; independent of order, so ranks can be summed."""

    def __init__(self) -> None:
        self.sums: Float[Tensor, "4 2"] = torch.zeros(len(OBSERVED), 2, dtype=torch.float64)

    def add(self, stats: Mapping[str, Tensor]) -> None:
        """Add the values [any shape] of the statistics that the heuristics use."""
        for row, name in enumerate(OBSERVED):
            if name in stats:
                values = stats[name].detach().to("cpu", torch.float64)
                self.sums[row] += torch.stack([values.sum(), torch.tensor(float(values.numel()), dtype=torch.float64)])

    def take(self) -> Heuristics:
        """Return the heuristics over everything added, and reset."""
        signs, *logits = (total / count if count else None for total, count in self.sums.tolist())
        self.sums.zero_()
        seen = [mean for mean in logits if mean is not None]
        return Heuristics(signs, validation_ratio(*seen) if len(seen) == len(logits) else None)
