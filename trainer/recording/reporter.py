"""The worker's files: record.json (the heartbeat) and the .jsonl streams, written by rank 0 through the fence."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from trainer.files import append_lines
from trainer.record import RunDir, RunRecord, beat
from trainer.recording.clock import ClockSteps
from trainer.recording.fence import Fence

HEARTBEAT_SECONDS = 2.0


@dataclass
class Reporter:
    """Writes the records of an attempt. Adds `attempt` and `time` to every row.

    If the clock is set meanwhile, the moments in the record are moved with it: their differences remain what passed.
    """

    run: RunDir
    record: RunRecord
    fence: Fence
    steps: ClockSteps = field(default_factory=ClockSteps)
    beaten: float | None = None
    speaks: ClassVar[bool] = True

    @property
    def _path(self) -> Path:
        return self.run.record(self.record.attempt)

    def update(self, **changes: Any) -> None:
        """Write the record with `changes`."""
        self.record = beat(self._path, self._by_this_clock(), self.fence, **changes)
        self.beaten = self.steps.monotonic()

    def _by_this_clock(self) -> RunRecord:
        step = self.steps.since_last()
        moments = {name: getattr(self.record, name) for name in ("began", "started", "ready")} if step else {}
        moved = {name: max(moment + step, 0.0) for name, moment in moments.items() if moment is not None}
        return self.record.model_copy(update=moved)

    def pulse(self, **changes: Any) -> None:
        """Write the record with `changes`, at most every HEARTBEAT_SECONDS."""
        if self.beaten is None or self.steps.monotonic() - self.beaten >= HEARTBEAT_SECONDS:
            self.update(**changes)

    def append(self, stream: Path, *rows: Mapping[str, Any]) -> None:
        """Append rows to one of the run's streams."""
        stamp = {"attempt": self.record.attempt, "time": time.time()}
        append_lines(stream, [{**stamp, **row} for row in rows], self.fence)

    def event(self, name: str, kimg: float, **details: Any) -> None:
        """Append a row to events.jsonl: start, resume, damaged-checkpoint, damaged-snapshot, leak-risk, diverged ..."""
        self.append(self.run.events, {"event": name, "kimg": kimg, **details})


class SilentReporter(Reporter):
    """The reporter of all ranks but the first, which keeps the record in memory and writes nothing."""

    speaks: ClassVar[bool] = False

    def update(self, **changes: Any) -> None:
        self.record = self.record.model_copy(update=changes)

    def append(self, stream: Path, *rows: Mapping[str, Any]) -> None:
        pass
