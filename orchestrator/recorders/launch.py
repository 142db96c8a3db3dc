"""Starts the recorder beside a run, as a process of its own that can neither stop nor slow a trial."""

import contextlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module

FINISH_SECONDS = 90.0


@dataclass
class Recorder:
    """A recorder at work."""

    process: subprocess.Popen[bytes]
    say: Callable[[str], None]

    def finish(self, give_up: Callable[[], bool]) -> None:
        """Have it record the rest and end. What it does not manage in time, the next run or `adasweep record` does."""
        deadline = time.monotonic() + FINISH_SECONDS
        word: bytes | None = b"finish\n"
        while self.process.returncode is None and time.monotonic() < deadline and not give_up():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(word, timeout=0.5)
            word = None
        if self.process.returncode != 0:
            self.say("MLflow is behind (see mlflow/recorder.log in the store); catch up with: adasweep record")


def start_recorder(store: Store, say: Callable[[str], None]) -> Recorder:
    """Start recording into MLflow. Where a recorder is at work already, that one goes on and this one ends."""
    return Recorder(start_process(store, []), say)


def start_process(store: Store, options: list[str]) -> subprocess.Popen[bytes]:
    """Start the recorder's process, its complaints going to mlflow/recorder.log."""
    command = [*python_module("orchestrator.recorders.ingest"), str(store.root.resolve()), *options]
    with recorder_log(store).open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment(), start_new_session=True
        )


def recorder_log(store: Store) -> Path:
    """Return where the recorder complains."""
    folder = store.root / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "recorder.log"
