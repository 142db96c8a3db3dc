"""The worker's files: record.json (the heartbeat) and the .jsonl streams, written by rank 0 through the fence."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from trainer.files import append_lines
from trainer.record import RunDir, RunRecord, beat
from trainer.recording.fence import Fence

HEARTBEAT_SECONDS = 2.0


@dataclass
class Reporter:
    """Writes the records of an attempt. Adds `attempt` and `time` to every row."""

    run: RunDir
    record: RunRecord
    fence: Fence
    speaks: ClassVar[bool] = True

    @property
    def _path(self) -> Path:
        return self.run.record(self.record.attempt)

    def update(self, **changes: Any) -> None:
        """Write the record with `changes`."""
        self.record = beat(self._path, self.record, self.fence, **changes)

    def pulse(self, **changes: Any) -> None:
        """Write the record with `changes`, at most every HEARTBEAT_SECONDS."""
        if time.time() - self.record.updated >= HEARTBEAT_SECONDS:
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
