"""Time-limited fuzzing: hypothesis counts examples, but `make test-slow` should fuzz for minutes."""

import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
"""A few seconds, for `make test`."""

BATCH = settings(FEW, max_examples=200)
"""What `fuzz_for` repeats."""


def fuzz_for(minutes: float, fuzz: Callable[[], object]) -> None:
    """Call a hypothesis test, which draws new examples each time, until the time is up."""
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        fuzz()
