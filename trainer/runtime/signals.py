"""Stop signals: SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 all mean "finish the step, save, and exit with run again"."""

import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


class Preempted(Exception):
    """The run received a stop signal; everything needed to resume is saved."""


class StopRequest:
    """Records a stop signal, to be checked between steps and between batches of an evaluation."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def listen(self) -> None:
        """Handle the stop signals of this process (main thread only)."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._record)

    def _record(self, number: int, _frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)

    @property
    def made(self) -> bool:
        return self.signal is not None
