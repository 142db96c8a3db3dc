"""Every command that looks or cancels, on stores in every state that submissions leave: none ends in a traceback."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from analysis.results.load import load
from analysis.tables.store import ResultStore
from orchestrator.cli import main
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from tests.backends.fake_slurm import FakeSlurm
from tests.backends.test_slurm_replies import ANYTHING, NOISE, malformed
from tests.support.fuzzing import LASTING, fuzz_for
from tests.support.tiny_sweep import write_data_set
from trainer.errors import ExitCode

ONE = """\
sweep: test
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
seeds: [0]
horizon_kimg: 1
metrics: []
"""
PENDING, GONE, FAILED, ASLEEP = "4700|N/A|PENDING|0|", "", "4700|N/A|FAILED|512|", "the site is asleep"
DOWN = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


class Place(NamedTuple):
    """A store with a sweep of one trial, its sweep file, and the directory of the attempt that was submitted."""

    store: Store
    file: Path
    attempt: Path


Change = Callable[[Place], object]


def _untouched(_place: Place) -> None:
    """Leave a store as the submission left it."""


def _text(name: str, text: str) -> Change:
    return lambda place: (place.attempt / name).write_text(text)


def _handle(**changes: object) -> Change:
    def write(place: Place) -> None:
        path = place.attempt / "handle.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return write


def _gone(name: str) -> Change:
    return lambda place: (place.attempt / name).unlink()


def _folder_as_handle(place: Place) -> None:
    _gone("handle.json")(place)
    (place.attempt / "handle.json").mkdir()


def _refused(place: Place) -> None:
    shutil.rmtree(place.attempt)


def _lost_in_submission(place: Place) -> None:
    told = {"attempt": 1, "state": "lost", "kimg": 0, "horizon_kimg": 1, "started": 1, "updated": 1, "pid": 0}
    (place.attempt / "record.json").write_text(json.dumps(told | {"host": "h", "message": "could not be submitted"}))
    _gone("handle.json")(place)


def _without_trial(place: Place) -> None:
    shutil.rmtree(place.attempt.parent.parent)


def _without_plan(place: Place) -> None:
    shutil.rmtree(place.store.root / "sweeps")


def _foreign(place: Place) -> None:
    for name in ("notes", "0x1", "٣", ".nfs1"):
        (place.attempt.parent / name).mkdir()
        (place.store.trials / name).mkdir()
        (place.store.root / "sweeps" / name).mkdir()
    (place.attempt.parent / "002.txt").write_text("mine")
    (place.store.trials / "README").write_text("mine")
    (place.attempt.parent.parent / "core.1234").write_bytes(b"\0" * 99)


def _linked_to_itself(name: str) -> Change:
    def link(place: Place) -> None:
        path = place.attempt / name
        path.unlink(missing_ok=True)
        path.symlink_to(path.name)

    return link


def _bytes(name: str, content: bytes) -> Change:
    return lambda place: (place.attempt / name).write_bytes(content)


def _file_as_attempts(place: Place) -> None:
    shutil.rmtree(place.attempt.parent)
    place.attempt.parent.write_text("mine")


def _foreign_trial(place: Place) -> None:
    for name in ("zz/notatrial", "zz", place.attempt.parent.parent.name[:2] + "/notatrial"):
        (place.store.trials / name).mkdir(parents=True, exist_ok=True)
        (place.store.trials / name / "trial.json").write_text("{")


def _malformed_runs(place: Place) -> None:
    (place.store.root / "sweeps" / "test" / "runs.jsonl").write_bytes(b"\0\xff{}\n[1]\n{")


def _suspended(place: Place) -> None:
    run, ago = place.attempt.parent.parent, time.time() - 600
    acquire(run, ago)
    (run / "lease.json").unlink()
    told = {"attempt": 1, "state": "running", "kimg": 0.5, "horizon_kimg": 1, "started": ago, "updated": ago}
    (place.attempt / "record.json").write_text(json.dumps(told | {"pid": 7, "host": "n1"}))


class State(NamedTuple):
    """What became of the store, and the state that `status` then shows while the job waits in SLURM; "": it cannot."""

    change: Change
    shown: str


STATES = {
    "nothing submitted": State(_without_trial, "new"),
    "refused": State(_refused, "new"),
    "refused, as far as is known": State(_lost_in_submission, "new"),
    "submitted": State(_untouched, "pending"),
    "started without a record": State(lambda place: acquire(place.attempt.parent.parent), "running"),
    "suspended": State(_suspended, "pending"),
    "without a handle": State(_gone("handle.json"), "lost"),
    "without a job": State(_gone("job.json"), "pending"),
    "without a trial file": State(lambda place: (place.attempt.parent.parent / "trial.json").unlink(), "pending"),
    "half a record": State(_text("record.json", '{"attempt": 1, "state": "run'), "pending"),
    "an empty record": State(_text("record.json", ""), "pending"),
    "half a job": State(_text("job.json", '{"attempt": 1, "opt'), "pending"),
    "half a handle": State(_text("handle.json", '{"backend": "sl'), "lost"),
    "a folder as handle": State(_folder_as_handle, "lost"),
    "a malformed key": State(_handle(key="--me"), "lost"),
    "a huge key": State(_handle(key="9" * 5000), "lost"),
    "a handle of another trial": State(_handle(trial="f" * 12), "lost"),
    "a handle of another attempt": State(_handle(attempt=7), "lost"),
    "a handle of another cluster": State(_handle(key="4700@beta"), "pending"),
    "a handle of an unknown backend": State(_handle(backend="pbs"), "lost"),
    "a handle of a later version": State(_handle(queue="gpu"), "pending"),
    "a deleted plan": State(_without_plan, ""),
    "foreign files": State(_foreign, "pending"),
    "foreign trials": State(_foreign_trial, "pending"),
    "a record of zeros": State(_bytes("record.json", bytes(5000)), "pending"),
    "a record that is not UTF-8": State(_bytes("record.json", b'{"host": "\xe9"}'), "pending"),
    "a record that links to itself": State(_linked_to_itself("record.json"), "pending"),
    "a job that links to itself": State(_linked_to_itself("job.json"), "pending"),
    "a handle that links to itself": State(_linked_to_itself("handle.json"), "lost"),
    "a folder as record": State(lambda place: (place.attempt / "record.json").mkdir(), "pending"),
    "a file as the attempts": State(_file_as_attempts, "new"),
    "malformed times of runs": State(_malformed_runs, "pending"),
}
COMMANDS = ("status", "plan FILE", "plan test", "why TRIAL", "logs TRIAL", "cancel test", "cancel TRIAL")


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return FakeSlurm(tmp_path / "bin", monkeypatch)


@pytest.fixture(scope="session")
def submitted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose only attempt waits in SLURM, as job 4700."""
    root = tmp_path_factory.mktemp("submitted")
    write_data_set(root / "store" / "data" / "tiny.zip")
    (root / "one.yaml").write_text(ONE)
    with pytest.MonkeyPatch.context() as patch:
        FakeSlurm(root / "bin", patch).set(squeue=f"{PENDING}\n")
        words = ["run", str(root / "one.yaml"), "--backend", "slurm", "--detach", "--live-code"]
        assert main([*words, "--store", str(root / "store")]) == ExitCode.DONE
    return root


@pytest.fixture
def place(submitted_once: Path, tmp_path: Path, slurm: FakeSlurm) -> Place:
    """The store of `submitted_once` an hour later, to be changed."""
    shutil.copytree(submitted_once / "store", tmp_path / "store")
    slurm.set(squeue=PENDING)
    store = Store(tmp_path / "store")
    [trial] = store.ids()
    attempt = store.run(trial).attempt(1)
    for path in (*attempt.iterdir(), attempt):
        os.utime(path, (time.time() - 3600,) * 2)
    return Place(store, submitted_once / "one.yaml", attempt)


def carried_out(place: Place, command: str, capfd: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    named = {"TRIAL": place.attempt.parent.parent.name, "FILE": str(place.file)}
    words = [named.get(word, word) for word in command.split()]
    code = main([*words, *more, "--store", str(place.store.root)])
    return code, *capfd.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_every_command_ends_well_or_in_one_line_on_every_state_of_a_store(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str], state: str, command: str
) -> None:
    STATES[state].change(place)
    for answer in (PENDING, ASLEEP, GONE, FAILED):
        slurm.set(squeue=answer)
        code, out, err = carried_out(place, command, capfd)
        assert code in (ExitCode.DONE, ExitCode.USER_ERROR), f"{answer}: {out}{err}"
        assert "Traceback" not in err
        assert (out, err.count("adasweep: error: ")) == ("", 1) if code else "error: " not in err
        assert not code or err.count("\n") == 1, err


@pytest.mark.parametrize("state", [name for name, state in STATES.items() if state.shown])
def test_a_store_in_any_state_is_shown_as_it_stands(
    place: Place, capfd: pytest.CaptureFixture[str], state: str
) -> None:
    STATES[state].change(place)
    code, out, _ = carried_out(place, "status test", capfd, "--json")
    assert code == ExitCode.DONE
    assert [trial["state"] for trial in json.loads(out)["sweeps"][0]["trials"]] == [STATES[state].shown]


NOT_IN_FILES = {
    "started without a record": "pending",  # the lease knows
    "suspended": "running",
    "without a trial file": "new",
} | {name: "pending" for name, state in STATES.items() if state.shown == "lost"}
"""What tables show, which ask neither lease nor backend."""


@pytest.mark.parametrize("state", [name for name, state in STATES.items() if state.shown])
def test_tables_show_the_same_state_as_far_as_files_tell(place: Place, state: str) -> None:
    STATES[state].change(place)
    runs, _ = load(ResultStore(place.store.root), "test", fresh=True)
    assert list(runs.frame["state"]) == [NOT_IN_FILES.get(state, STATES[state].shown)]


@pytest.mark.parametrize("job", ["PENDING", "RUNNING", "SUSPENDED"])
def test_status_shows_since_when_a_suspended_trial_is_silent(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str], job: str
) -> None:
    _suspended(place)
    slurm.set(squeue=PENDING.replace("PENDING", job))
    code, out, _ = carried_out(place, "status test", capfd)
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith(f"{place.attempt.parent.parent.name}: ")]
    assert "queued again, or suspended on n1: no heartbeat for 60" in line


def test_who_looks_while_slurm_cannot_be_asked_is_told_so_and_sees_the_rest(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str]
) -> None:
    slurm.command("squeue", f"echo '{DOWN}' >&2; exit 1")
    for command in ("status", "status test", "why TRIAL"):
        code, out, _ = carried_out(place, command, capfd)
        assert code == ExitCode.DONE
        assert "pending" in out
        assert "slurm cannot be queried" in out
    code, out, _ = carried_out(place, "status", capfd, "--json")
    assert "Unable to contact slurm controller" in json.loads(out)["outages"][0]
    for command in ("plan test", "cancel test"):
        code, out, err = carried_out(place, command, capfd)
        assert (code, out, err.count("\n")) == (ExitCode.RUN_AGAIN, "", 1)
        assert "Unable to contact slurm controller" in err


def test_a_backend_that_is_none_is_told(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    _handle(backend="pbs")(place)
    for command in ("status test", "why TRIAL"):
        assert "no backend is called 'pbs'; trials submitted there count as lost" in " ".join(
            carried_out(place, command, capfd)[1].split()
        )


def test_answers_that_are_no_utf_8_end_no_command(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str]
) -> None:
    slurm.set(squeue="\ud800\n4700|N/A|PENDING|0|", sacct="\ud800")
    for command in ("status", "plan test", "why TRIAL"):
        code, _, err = carried_out(place, command, capfd)
        assert (code in (ExitCode.DONE, ExitCode.RUN_AGAIN), "Traceback" in err) == (True, False)


def test_a_handle_of_another_trial_says_nothing_of_either(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    _handle(trial="f" * 12)(place)
    for command in ("status", "why TRIAL"):
        told = " ".join(carried_out(place, command, capfd)[1].split())
        assert f"handle.json: belongs to attempt 1 of trial {'f' * 12}" in told


JOB_4700 = st.sampled_from(["4700|N/A|PENDING|0|", "4700|0|RUNNING|0|", "4700|FAILED|1:0", "4700_0|COMPLETED|0:0"])
ANSWERS = st.lists(JOB_4700 | NOISE | malformed() | ANYTHING, max_size=4).map("\n".join)


@LASTING
def test_whatever_slurm_answers_every_command_ends_well_or_in_one_line(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str], seconds: float
) -> None:
    def judge(answers: tuple[str, str]) -> None:
        slurm.set(squeue=answers[0], sacct=answers[1])
        for command in ("status", "plan test", "why TRIAL"):
            code, _, err = carried_out(place, command, capfd)
            assert code in (ExitCode.DONE, ExitCode.RUN_AGAIN), err
            assert "Traceback" not in err
            assert code == ExitCode.DONE or err.count("\n") == 1, err

    fuzz_for(seconds, st.tuples(ANSWERS, ANSWERS), judge)
