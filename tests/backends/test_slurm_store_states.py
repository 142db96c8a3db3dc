"""Read-only commands on stores in every state that submissions to SLURM leave: none ends in a traceback."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.store.layout import Store
from tests.backends.fake_slurm import FakeSlurm
from trainer.errors import ExitCode

ONE = """\
sweep: test
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
seeds: [0]
horizon_kimg: 1
metrics: []
"""
LOOKS = ("status", "plan", "why", "logs", "cancel", "status")


def _untouched(_attempt: Path) -> None:
    """Leave an attempt unchanged."""


def _text(name: str, text: str) -> Callable[[Path], None]:
    def write(attempt: Path) -> None:
        (attempt / name).write_text(text)

    return write


def _handle(**changes: object) -> Callable[[Path], None]:
    def write(attempt: Path) -> None:
        reported = json.loads((attempt / "handle.json").read_text()) | changes
        (attempt / "handle.json").write_text(json.dumps(reported))

    return write


def _folder_as_handle(attempt: Path) -> None:
    (attempt / "handle.json").unlink()
    (attempt / "handle.json").mkdir()


def _without_trial(attempt: Path) -> None:
    shutil.rmtree(attempt.parent.parent)


def _foreign(attempt: Path) -> None:
    for name in ("notes", "0x1", "٣", ".nfs1"):
        (attempt.parent / name).mkdir()
    (attempt.parent / "002.txt").write_text("mine")


STATES: dict[str, Callable[[Path], None]] = {
    "submitted": _untouched,
    "without a handle": lambda attempt: (attempt / "handle.json").unlink(),
    "half a record": _text("record.json", '{"attempt": 1, "state": "run'),
    "an empty record": _text("record.json", ""),
    "half a handle": _text("handle.json", '{"backend": "sl'),
    "a folder as handle": _folder_as_handle,
    "a spoilt key": _handle(key="--me"),
    "a huge key": _handle(key="9" * 5000),
    "a handle of another trial": _handle(trial="f" * 12),
    "a handle of another cluster": _handle(key="4700@beta"),
    "a handle of an unknown backend": _handle(backend="pbs"),
    "a deleted trial": _without_trial,
    "foreign files": _foreign,
}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return FakeSlurm(tmp_path / "bin", monkeypatch)


@pytest.fixture
def submitted(store: Store, slurm: FakeSlurm, sweep_file: Callable[[str], Path]) -> Path:
    """The directory of an attempt that waits in SLURM."""
    slurm.set(squeue="4700|N/A|PENDING|0|\n")
    words = ["run", str(sweep_file(ONE)), "--backend", "slurm", "--detach", "--live-code", "--store", str(store.root)]
    assert main(words) == ExitCode.DONE
    [trial] = store.ids()
    return store.run(trial).attempt(1)


ANSWERS = ("4700|N/A|FAILED|512|", "4700|N/A|PENDING|0|", "the site is asleep", "")
CASES = [
    *((state, ANSWERS[index % 4]) for index, state in enumerate(STATES)),
    *(("submitted", reported) for reported in ANSWERS),
]


@pytest.mark.parametrize(("state", "answer"), CASES)
def test_every_read_command_succeeds_or_prints_one_line(
    store: Store, slurm: FakeSlurm, submitted: Path, capfd: pytest.CaptureFixture[str], state: str, answer: str
) -> None:
    trial = submitted.parent.parent.name
    STATES[state](submitted)
    slurm.set(squeue=answer)
    for command in LOOKS:
        target = trial if command in ("why", "logs") else "test"
        code = main([command, target, "--store", str(store.root)])
        reported = capfd.readouterr().err
        assert code in (ExitCode.DONE, ExitCode.USER_ERROR, ExitCode.SOME_FAILED), f"{command}: {reported}"
        assert "Traceback" not in reported
        assert (code != ExitCode.USER_ERROR) or reported.count("adasweep: error: ") == 1
