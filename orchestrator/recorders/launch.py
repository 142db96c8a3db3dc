"""Starts the recorder beside a run, as a separate process that can neither stop nor delay a trial."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.recorders.cursor import behind
from orchestrator.recorders.report import place_of_another, read_report, without_password
from orchestrator.recorders.target import MlflowTarget
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from orchestrator.supervisor.command import environment, python_module
from trainer.errors import counted

FINISH_SECONDS = 90.0
RESTART_SECONDS = 10.0
MOST_RESTARTS = 5


@dataclass
class RecorderProcess:
    """A recorder process, recording or waiting for another recorder to end. One that is killed is started again."""

    store: Store
    target: MlflowTarget
    process: subprocess.Popen[bytes]
    log: Callable[[str], None]
    began: float = field(default_factory=time.time)
    reported: str = ""
    restarts: int = 0
    next_start: float = field(default_factory=lambda: time.monotonic() + RESTART_SECONDS)
    is_given_up: bool = False

    def look_after(self) -> None:
        """Start the recorder again if it has ended, at most every ten seconds; report a problem with MLflow, once."""
        if self.process.poll() is not None and time.monotonic() > self.next_start:
            self._restart()
        self.report_trouble()

    def report_trouble(self) -> None:
        """Report a problem with MLflow, once."""
        trouble = self._trouble()
        if trouble and trouble != self.reported:
            self.log(
                f"MLflow ({without_password(self.target.uri)}): {trouble}; runs continue, and recording is retried"
            )
        self.reported = trouble

    def finish(self, trials: Callable[[], Collection[str]], give_up: Callable[[], bool]) -> None:
        """Request the end, wait for it, and report which of `trials` are not recorded, why, and what to do."""
        deadline = time.monotonic() + FINISH_SECONDS
        asked = None
        while self._is_left(asked) and time.monotonic() < deadline and not give_up():
            message = None if asked is self.process else b"finish\n"
            asked = self.process
            with contextlib.suppress(subprocess.TimeoutExpired):
                asked.communicate(message, timeout=0.5)
        wanted = trials()
        if late := behind(self.store, self.target, wanted):
            self.log(f"MLflow is behind by {len(late)} of {counted(len(wanted), 'trial')} {self._outlook()}")
        elif self.process.returncode not in (0, None):
            self.log(f"MLflow is behind {self._outlook()}")

    def _is_left(self, asked: subprocess.Popen[bytes] | None) -> bool:
        """Return whether a recorder is active; one that was killed, or not `asked` to end, is started again."""
        code = self.process.poll()
        return code is None or ((asked is not self.process or code < 0) and self._restart())

    def _restart(self) -> bool:
        """Start the recorder again, unless it was often enough; return whether it was."""
        if self.is_given_up:
            return False
        self.is_given_up = self.restarts == MOST_RESTARTS
        if self.is_given_up:
            self.log(f"{self._end()}, and is not started again; afterwards, run: adasweep record")
            return False
        self.restarts += 1
        self.log(f"{self._end()}; it is started again ({self.restarts} of at most {MOST_RESTARTS} times)")
        self.next_start = time.monotonic() + RESTART_SECONDS
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()
        try:
            self.process = start_process(self.store)
        except OSError as error:
            self.log(f"the recorder could not be started: {error}")
        return True

    def _end(self) -> str:
        """Return how the recorder has ended."""
        code = self.process.returncode
        return f"the recorder was killed by {signal.Signals(-code).name}" if code < 0 else "the recorder has failed"

    def _outlook(self) -> str:
        """Return why something is not recorded, and which process or command will record it."""
        held = holder(self.store.root / "mlflow")
        if held is None or not held.is_alive(time.time()):
            return f"({self._reason()}); to update it, run: adasweep record"
        who = f"process {held.owner.pid} on {held.owner.host}"
        if other := place_of_another(self.store, self.target.uri):
            return f"({who} records into {other} meanwhile); to update it afterwards, run: adasweep record"
        return f"({self._reason()}); {who} continues to record"

    def _reason(self) -> str:
        killed = self._end() if (self.process.returncode or 0) < 0 else ""
        return self._trouble() or killed or "see mlflow/recorder.log in the store"

    def _trouble(self) -> str:
        report = read_report(self.store)
        return report.problem if report and report.began >= self.began and report.is_of(self.target.uri) else ""


def start_recorder(store: Store, target: MlflowTarget, log: Callable[[str], None]) -> RecorderProcess:
    """Start a recorder. If another one is active, it waits to take over."""
    return RecorderProcess(store, target, start_process(store), log)


def start_process(store: Store) -> subprocess.Popen[bytes]:
    """Start the recorder's process, with its errors in mlflow/recorder.log."""
    command = [*python_module("orchestrator.recorders.ingest"), str(store.root.resolve())]
    with recorder_log(store).open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment(), start_new_session=True
        )


def recorder_log(store: Store) -> Path:
    """Return the file of the recorder's errors."""
    folder = store.root / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "recorder.log"
