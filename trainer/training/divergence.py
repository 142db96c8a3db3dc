"""The divergence check. A diverged run is a result, recorded with the kimg at which it diverged, never dropped."""

import math
from collections.abc import Mapping

LOGIT_LIMIT = 1e4
BROKEN_LIMIT = 0.5


def divergence(means: Mapping[str, float], broken_share: float) -> str | None:
    """Return the name of the first rule that the statistics of a tick violate, None if there is none.

    Rules: "non-finite loss"; "non-finite gradients", in at least half of the tick's phases (an occasional overflow in
    half precision is harmless); "exploding logits", |mean D(x)| above 1e4.
    """
    if any(not math.isfinite(value) for name, value in means.items() if name.startswith("Loss/")):
        return "non-finite loss"
    if broken_share >= BROKEN_LIMIT:
        return "non-finite gradients"
    scores = (abs(value) for name, value in means.items() if name.startswith("Loss/scores/"))
    return "exploding logits" if any(value > LOGIT_LIMIT for value in scores) else None
