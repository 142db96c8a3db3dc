"""Divergence by named rules. A diverged run is a result, with the kimg at which it happened; it is never dropped."""

import math
from collections.abc import Mapping

LOGIT_LIMIT = 1e4
BROKEN_LIMIT = 0.5


def divergence(means: Mapping[str, float], broken_share: float) -> str | None:
    """Return the name of the first rule that a tick's statistics break, or None.

    Rules: "non-finite loss", "non-finite gradients" (in half of the tick's phases: now and then one overflows in half
    precision, which does no harm), "exploding logits" (mean |D(x)| above 1e4).
    """
    if any(not math.isfinite(value) for name, value in means.items() if name.startswith("Loss/")):
        return "non-finite loss"
    if broken_share >= BROKEN_LIMIT:
        return "non-finite gradients"
    scores = (abs(value) for name, value in means.items() if name.startswith("Loss/scores/"))
    return "exploding logits" if any(value > LOGIT_LIMIT for value in scores) else None
