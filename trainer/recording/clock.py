"""Notices that the clock of the machine was set: by NTP after a wrong start, by hand, or while the machine slept."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

LEAST_STEP_SECONDS = 10.0
"""Less is the drift of a clock that is adjusted gradually."""


@dataclass
class ClockSteps:
    """Compares the clock with the time that has passed. `wall` is in Unix seconds, `monotonic` since any moment."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _begun: float = field(init=False)
    _offset: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.monotonic()
        self._offset = self.wall() - self._begun

    @property
    def passed(self) -> float:
        """Return the seconds that have passed since this was made, however the clock was set."""
        return self.monotonic() - self._begun

    def since_last(self) -> float:
        """Return the seconds by which the clock was set forward (back if negative) since the last call, or 0."""
        step = self.wall() - self.monotonic() - self._offset
        if abs(step) < LEAST_STEP_SECONDS:
            return 0.0
        self._offset += step
        return step
