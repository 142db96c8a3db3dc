"""Fuzzing for a length of time: all together take over a minute in `make test`, and over thirty in `make test-slow`."""

import copy
import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

T = TypeVar("T")
BATCH = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
"""Hypothesis counts examples: batches of them are repeated until the time is up."""

LASTING = pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(6, id="briefly", marks=pytest.mark.timeout(600)),
        pytest.param(180, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
"""How long each of the fuzzers lasts. The timeouts leave time to make a failing example smaller."""


def fuzz_for(seconds: float, examples: st.SearchStrategy[T], judge: Callable[[T], object]) -> None:
    """Judge new examples until the time is up, however long a batch of them takes, or until one fails."""
    deadline = time.monotonic() + seconds
    failed = False

    @BATCH
    @given(examples)
    def fuzz(example: T) -> None:
        nonlocal failed
        if failed or time.monotonic() < deadline:
            failed, was = True, failed
            judge(copy.deepcopy(example))  # strategies share values among examples
            failed = was

    while time.monotonic() < deadline:
        fuzz()
