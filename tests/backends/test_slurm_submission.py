"""Submission to a SLURM that refuses: limits are waited for, refusals are reported, nothing is left behind."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.backends.base import NotAllSubmitted
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.commands import CommandResult, NoReply, call
from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.submission import AtLimit, Limit, outside_any_job, refusal
from orchestrator.backends.slurm.task import requeue
from orchestrator.cli import main
from orchestrator.commands.watched_run import WatchedRun
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import BackendError, SetupError
from orchestrator.plan.decide import Action
from orchestrator.store.cleanup import remove_leftovers
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from orchestrator.supervisor.command import Task
from tests.backends.fake_slurm import SBATCH, FakeSlurm
from tests.orchestrator.test_run_view import View
from trainer.config.job import Resources
from trainer.errors import ExitCode
from trainer.record import State, read_record

POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
EAGER = Profile(poll_seconds=0, settle_seconds=0)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return FakeSlurm(tmp_path / "bin", monkeypatch)


@pytest.fixture
def dispatcher(store: Store, slurm: FakeSlurm, sweep_file: Callable[..., Path]) -> Dispatcher:
    """Four trials to be submitted."""
    plan = plan_sweep(store, Request(sweep_file(), backend="slurm"))
    assert slurm.lines("asked") == []
    return Dispatcher(store, plan, SlurmBackend(store, EAGER), patience=0.0)


def tasks(root: Path, count: int) -> list[Task]:
    names = [f"{number:012x}" for number in range(count)]
    return [Task(name, root / "trials" / name[:2] / name, 1, Resources()) for name in names]


def attempts(store: Store) -> list[int]:
    return [len(store.run(trial).attempts()) for trial in store.ids()]


WORDS = """
AssocMaxSubmitJobLimit AssocGrpSubmitJobsLimit QOSMaxSubmitJobPerUserLimit QOSMaxSubmitJobPerAccountLimit
QOSGrpSubmitJobsLimit
""".split()  # noqa: SIM905
"""The reasons of SLURM's page "Job Reason Codes" that speak of submission."""


@pytest.mark.parametrize("word", WORDS)
def test_every_word_for_a_limit_on_submission_is_waited_for(word: str) -> None:
    reply = CommandResult(1, "", f"sbatch: error: {word}\nsbatch: error: Batch job submission failed: {POLICY}\n")
    found = refusal(reply)
    assert isinstance(found, AtLimit)
    assert (found.kind, found.retryable) == (Limit.TRANSIENT, True)
    assert str(found) == f"sbatch: {word}; Batch job submission failed: {POLICY}"


@pytest.mark.parametrize(
    ("text", "retryable"),
    [
        ("Invalid account or account/partition combination specified", False),
        ("Requested node configuration is not available", False),
        ("Unable to contact slurm controller (connect failure)", True),
        ("Socket timed out on send/recv operation", True),
        ("Slurm temporarily unable to accept job, sleeping and retrying", True),
        ('Munge encode failed: Failed to access "/run/munge/munge.socket.2"', True),
        ("\x1b[31mno such luck", False),
    ],
)
def test_a_refusal_is_temporary_or_permanent(text: str, retryable: bool) -> None:
    found = refusal(CommandResult(1, "", f"sbatch: error: {text}\n"))
    assert found.retryable is retryable
    assert str(found).isprintable()


def test_as_many_are_submitted_as_the_cluster_takes_and_the_rest_when_it_takes_more(
    dispatcher: Dispatcher, store: Store, slurm: FakeSlurm
) -> None:
    slurm.set(
        most="3", squeue="".join(f"{job}|N/A|PENDING|0|\n4700|{job - 4700}|PENDING|0|\n" for job in range(4700, 4705))
    )
    assert len(dispatcher.submit()) == 3
    assert "AssocMaxSubmitJobLimit" in dispatcher.refusal
    assert sorted(attempts(store)) == [0, 1, 1, 1]
    assert len(dispatcher.submit()) == 0
    assert sorted(attempts(store)) == [0, 1, 1, 1]
    slurm.set(most="4")
    assert len(dispatcher.submit()) == 1
    assert attempts(store) == [1, 1, 1, 1]
    assert dispatcher.submit() == []
    assert dispatcher.refusal == ""
    assert slurm.lines("asked") == ["4", "2", "2", "1", "1", "1", "1"]


def test_the_reason_of_waiting_is_reported_once(dispatcher: Dispatcher, slurm: FakeSlurm) -> None:
    waiting = "".join(f"{job}|N/A|PENDING|0|\n4700|{job - 4700}|PENDING|0|\n" for job in range(4700, 4705))
    slurm.set(word="QOSMaxSubmitJobPerUserLimit", squeue=waiting)
    view = View()
    run = WatchedRun(dispatcher.store, dispatcher, view)
    for most in ("0", "0", "1", "1", "2", "2"):
        slurm.set(most=most)
        dispatcher.submit()
        run.report_trouble()
        dispatcher.refresh()
    assert [line.partition(";")[0] for line in view.lines] == ["sbatch: QOSMaxSubmitJobPerUserLimit"]
    slurm.set(most="9")
    for _ in range(4):
        dispatcher.submit()
        run.report_trouble()
    assert view.lines[1:] == ["slurm has accepted the other trials"]


def test_submitted_trials_are_pending_while_slurm_cannot_be_queried(
    dispatcher: Dispatcher, store: Store, slurm: FakeSlurm
) -> None:
    slurm.command("squeue", 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1')
    assert len(dispatcher.submit()) == 4
    run = WatchedRun(store, dispatcher, View())
    assert {status.state for status in run.statuses()} == {"pending"}
    assert "Unable to contact" in dispatcher.trouble
    first = store.run(next(store.ids()))
    lease = acquire(first.path)
    for job in store.root.glob("trials/*/*/attempts/001/job.json"):
        os.utime(job, (1, 1))
    dispatcher.refresh()
    states = {status.trial: status.state for status in run.statuses()}
    assert states.pop(first.path.name) == "running"
    assert set(states.values()) == {"pending"}
    lease.release()


def test_starting_a_sweep_detached_prints_what_is_left_and_how_to_continue(
    dispatcher: Dispatcher, slurm: FakeSlurm
) -> None:
    slurm.set(most="1", squeue="4700|N/A|PENDING|0|\n")
    view = View()
    assert WatchedRun(dispatcher.store, dispatcher, view).submit_only() == ExitCode.RUN_AGAIN
    assert view.lines[0].startswith("1 trial submitted")
    assert view.lines[1].startswith("3 trials not submitted: sbatch: AssocMaxSubmitJobLimit")


def test_a_limit_without_a_word_is_waited_for_while_jobs_are_in_the_way(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.set(refusal=f"sbatch: error: Batch job submission failed: {POLICY}\n", squeue="1|N/A|RUNNING|0|\n")
    backend = SlurmBackend(Store(tmp_path), EAGER)
    with pytest.raises(NotAllSubmitted) as waiting:
        backend.submit(backend.render(tasks(tmp_path, 2)))
    assert waiting.value.retryable
    slurm.set(squeue="1|N/A|COMPLETED|0|\n")
    with pytest.raises(NotAllSubmitted, match="too large or too long") as final:
        backend.submit(backend.render(tasks(tmp_path, 2)))
    assert not final.value.retryable


def test_arrays_are_as_small_as_the_cluster_wants_them(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.set(most="2", word="Batch job submission failed: Invalid job array specification")
    backend = SlurmBackend(Store(tmp_path), EAGER)
    with pytest.raises(NotAllSubmitted, match="Invalid job array specification") as final:
        backend.submit(backend.render(tasks(tmp_path, 4)))
    assert [handle.key for handle in final.value.handles] == ["4700_0", "4700_1"]


def test_a_refusal_ends_in_one_line_and_leaves_nothing_behind(
    store: Store, slurm: FakeSlurm, sweep_file: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    slurm.set(refusal="sbatch: error: Batch job submission failed: Invalid account specified\n")
    words = ["run", str(sweep_file()), "--backend", "slurm", "--no-record", "--store", str(store.root)]
    assert main(words) == ExitCode.USER_ERROR
    [line] = [line for line in capfd.readouterr().err.splitlines() if "error" in line]
    assert line == (
        "adasweep: error: sbatch: Batch job submission failed: Invalid account specified; "
        "set account, partition or qos in the profile"
    )
    assert attempts(store) == [0] * 4
    assert list((store.root / "slurm").iterdir()) == []


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_a_command_killed_while_it_submits_leaves_nothing_for_ever(
    store: Store, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mask: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(mask)
    slurm.command("sbatch", "kill -9 $PPID; sleep 1")
    killed = os.fork()
    if not killed:
        backend = SlurmBackend(store, EAGER)
        backend.submit(backend.render(tasks(store.root, 2)))
        os._exit(0)
    assert os.waitpid(killed, 0)[1] == signal.SIGKILL
    os.umask(before)
    left = [path for top in (store.root, tmp_path / "state") for path in top.rglob("slurm/*/*")]
    assert len(left) == 3
    remove_leftovers(store, "test", [])
    assert not any(path.exists() for path in left)


def test_without_slurm_nothing_is_created(
    store: Store, sweep_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    before = sorted(store.root.rglob("*"))
    assert main(["run", str(sweep_file()), "--backend", "slurm", "--store", str(store.root)]) == ExitCode.USER_ERROR
    assert capfd.readouterr().err == (
        "adasweep: error: sbatch: is not on the path; run adasweep on a login node of the cluster\n"
    )
    assert sorted(store.root.rglob("*")) == before


@pytest.mark.parametrize("output", ["", "Welcome; job 2024 quota\n", "Submitted batch job soon\n"])
def test_attempts_without_a_number_from_sbatch_are_not_given_to_another_job(
    dispatcher: Dispatcher, store: Store, slurm: FakeSlurm, output: str
) -> None:
    slurm.set(submitted=output)
    assert dispatcher.submit() == []
    assert "printed no job number" in dispatcher.refusal
    assert attempts(store) == [1] * 4
    slurm.set(submitted="Submitted batch job NUMBER\n", squeue="4704|N/A|RUNNING|0|\n")
    assert len(dispatcher.submit()) == 1
    assert sorted(attempts(store)) == [1, 1, 1, 2]


def test_jobs_of_another_cluster_are_watched_and_cancelled_there(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.set(submitted="Submitted batch job NUMBER on cluster beta\n", squeue="CLUSTER: beta\n4700|1|RUNNING|0|\n")
    backend = SlurmBackend(Store(tmp_path), EAGER)
    handles = backend.submit(backend.render(tasks(tmp_path, 2)))
    assert [handle.key for handle in handles] == ["4700_0@beta", "4700_1@beta"]
    assert [state.value for state in backend.states(handles).values()] == ["lost", "running"]
    backend.cancel(handles)
    assert slurm.lines("scancelled") == [
        "--clusters=beta --state=PENDING 4700_0 4700_1",
        "--clusters=beta 4700_0 4700_1",
    ]


def test_a_job_that_slurm_does_not_name_yet_is_not_lost(tmp_path: Path, slurm: FakeSlurm) -> None:
    patient = SlurmBackend(Store(tmp_path), Profile(poll_seconds=0, settle_seconds=60))
    handles = patient.submit(patient.render(tasks(tmp_path, 1)))
    assert [state.value for state in patient.states(handles).values()] == ["pending"]
    later = SlurmBackend(Store(tmp_path), Profile(poll_seconds=0, settle_seconds=60))
    assert [state.value for state in later.states(handles).values()] == ["lost"]
    slurm.set(squeue="4700|N/A|RUNNING|0|\n")
    assert [state.value for state in patient.states(handles).values()] == ["running"]


def test_no_corrupt_key_reaches_the_commands(tmp_path: Path, slurm: FakeSlurm) -> None:
    backend = SlurmBackend(Store(tmp_path), EAGER)
    [handle] = backend.submit(backend.render(tasks(tmp_path, 1)))
    malformed = [
        handle.model_copy(update={"key": key}) for key in ("", "--me", "4700 --me", "1@--all", "٣", "9" * 5000)
    ]
    backend.cancel(malformed)
    assert slurm.lines("scancelled") == []
    assert {state.value for state in backend.states(malformed).values()} == {"lost"}


def test_habits_of_the_users_shell_change_no_command(
    tmp_path: Path, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm.command("squeue", 'env | grep -c "^SQUEUE_" >"$here/asked"; echo "1|N/A|RUNNING|0|"')
    monkeypatch.setenv("SQUEUE_PARTITION", "other")
    backend = SlurmBackend(Store(tmp_path), EAGER)
    assert backend.poller.rows(["1"])
    assert slurm.lines("asked") == ["0"]


def test_a_submission_from_within_a_job_takes_over_its_cluster_and_nothing_else() -> None:
    inside = {"PATH": "/bin", "SLURM_CONF": "c", "SLURM_JOB_ID": "1", "SBATCH_ARRAY_INX": "1-2", "SLURM_CLUSTERS": "b"}
    assert outside_any_job(inside) == {"PATH": "/bin", "SLURM_CONF": "c", "SLURM_CLUSTERS": "b"}


def test_a_command_that_cannot_be_run_is_reported_with_a_way_out(
    tmp_path: Path, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slurm.folder / "squeue").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PATH", str(slurm.folder))
    with pytest.raises(SetupError, match="squeue: cannot be run: Exec format error"):
        SlurmBackend(Store(tmp_path), EAGER).poller.rows(["1"])


def test_answers_that_are_not_utf8_are_read(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.command("squeue", r"""printf 'Gr\374\337e\n1|N/A|RUNNING|0|\n'""")
    assert SlurmBackend(Store(tmp_path), EAGER).poller.rows(["1"])


def test_a_node_without_scontrol_ends_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    requeue({"SLURM_JOB_ID": "1"})
    assert "the job ends without a requeue" in capsys.readouterr().err


def test_accounting_that_is_down_is_not_a_loss(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.command("sacct", "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 1")
    with pytest.raises(BackendError, match="sacct: Problem talking to the database") as failure:
        SlurmBackend(Store(tmp_path), EAGER).poller.rows(["1"])
    assert failure.value.retryable
    assert os.environ["PATH"].startswith(str(slurm.folder))


@pytest.mark.parametrize(
    ("log", "code", "message"),
    [
        (
            "adasweep: setup of the profile failed: module load cuda\n",
            2,
            "setup of the profile failed: module load cuda",
        ),
        (
            "slurmstepd: error: execve(): /no/python: No such file\nsrun: error: n1: task 0: Exited with exit code 2\n",
            2,
            "slurmstepd: error: execve(): /no/python: No such file",
        ),
        ("", 127, "its job ended with exit code 127 before it began"),
    ],
)
def test_a_job_that_failed_before_it_began_says_why_and_is_not_run_for_ever(
    dispatcher: Dispatcher, store: Store, slurm: FakeSlurm, log: str, code: int, message: str
) -> None:
    slurm.set(squeue="".join(f"4700|{index}|PENDING|0|\n" for index in range(4)))
    dispatcher.submit()
    [folder] = (store.root / "slurm").iterdir()
    for index in range(4):
        (folder / f"4700_{index}_0_log.err").write_text(log)
    slurm.set(squeue="".join(f"4700|{index}|FAILED|{code << 8}|\n" for index in range(4)))
    dispatcher.refresh()
    records = [read_record(store.run(trial).record(1)) for trial in store.ids()]
    assert {(record.state, record.exit_code, record.message) for record in records if record} == {
        (State.FAILED, code, message)
    }
    expected = Action.BLOCKED if code == ExitCode.USER_ERROR else Action.RESUME
    assert {decision.action for decision in dispatcher.decisions.values()} == {expected}


def test_a_job_that_failed_after_its_command_had_left_is_not_submitted_again(
    dispatcher: Dispatcher, store: Store, slurm: FakeSlurm, sweep_file: Callable[..., Path]
) -> None:
    slurm.set(squeue="".join(f"4700|{index}|PENDING|0|\n" for index in range(4)))
    dispatcher.submit()
    slurm.set(squeue="".join(f"4700|{index}|FAILED|512|\n" for index in range(4)))
    plan = plan_sweep(store, Request(sweep_file(), backend="slurm"))
    later = Dispatcher(store, plan, SlurmBackend(store, EAGER), patience=0.0)
    assert {decision.action for decision in later.decisions.values()} == {Action.BLOCKED}
    assert later.submit() == []
    assert slurm.lines("asked") == ["4"]


def test_an_interrupted_job_is_not_a_failure(dispatcher: Dispatcher, store: Store, slurm: FakeSlurm) -> None:
    slurm.set(squeue="".join(f"4700|{index}|FAILED|{75 << 8}|\n" for index in range(4)))
    dispatcher.submit()
    assert [read_record(store.run(trial).record(1)) for trial in store.ids()] == [None] * 4


def test_a_silent_sbatch_is_reported_once_and_waited_for(
    store: Store,
    slurm: FakeSlurm,
    sweep_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("orchestrator.backends.slurm.commands.SILENT_SECONDS", 0.1)
    slurm.command("sbatch", f"sleep 1\n{SBATCH}")
    words = ["run", str(sweep_file()), "--backend", "slurm", "--detach", "--store", str(store.root)]
    assert main(words) == 0
    (line,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith("sbatch")]
    assert line.startswith("sbatch: no reply for 0.1 s, waiting up to 299.9 s more; see whether SLURM is up")
    assert attempts(store) == [1, 1, 1, 1]


@pytest.mark.parametrize("command", ["squeue", "sacct", "scancel"])
def test_other_commands_that_are_silent_are_reported_once_and_ended(
    slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    monkeypatch.setattr("orchestrator.backends.slurm.commands.SILENT_SECONDS", 0.1)
    slurm.command(command, "sleep 60 & sleep 60")
    with pytest.raises(NoReply, match=f"{command}: no reply in 0.5 s"):
        call((command,), os.environ, 0.5)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{command}: no reply for 0.1 s, waiting up to 0.4 s more; see whether SLURM is up")


def test_a_command_that_replies_soon_is_not_reported(slurm: FakeSlurm, caplog: pytest.LogCaptureFixture) -> None:
    slurm.set(squeue="a reply\n")
    assert call(("squeue",), os.environ) == CommandResult(0, "a reply\n", "")
    assert caplog.records == []
