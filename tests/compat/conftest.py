"""Copies of the recorded store: a shared one for reading, and fresh ones that may be written to."""

from collections.abc import Iterator

import pytest

from tests.compat.packing import copied
from tests.compat.recording import Copy


@pytest.fixture
def copy() -> Iterator[Copy]:
    """A copy of its own."""
    with copied() as found:
        yield found
