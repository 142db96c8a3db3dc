"""Being asked to stop: SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 all mean "finish the step, save, and say run me again"."""

import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


class Preempted(Exception):
    """The run was asked to stop; everything needed to go on is saved."""


class StopRequest:
    """Remembers that a stop signal has come; asked for between steps and between batches of an evaluation."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def listen(self) -> None:
        """Take over the stop signals of this process (main thread only)."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._remember)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)

    @property
    def made(self) -> bool:
        return self.signal is not None
