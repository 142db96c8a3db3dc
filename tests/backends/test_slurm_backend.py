"""The SLURM backend without SLURM: what it renders, and how it interprets states, without sbatch or squeue."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrator
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.script import arrays
from orchestrator.errors import StoreError
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.record import State

GOLDEN = Path(__file__).parent / "golden" / "slurm.txt"
PROFILE = Profile(
    partition="gpu",
    account="vision lab",
    qos="long",
    constraint="a100|h100",
    gpu_type="h100",
    throttle=8,
    setup=("module load cuda/13",),
    flags={"mail-type": "FAIL", "exclusive": True, "nice": 100, "overcommit": False},
)
SMALL = Resources(cpus=2, memory_gib=0.5)
LARGE = Resources(gpus=2, cpus=8, memory_gib=64, minutes=30)


def _task(number: int, resources: Resources = SMALL, root: Path = Path("/store")) -> Task:
    trial = f"{number:012x}"
    return Task(trial, root / "trials" / trial[:2] / trial, 1, resources)


def _backend(root: Path, profile: Profile = PROFILE) -> SlurmBackend:
    return SlurmBackend(Store(root), profile, python="/usr/bin/python3")


def test_rendered_text_is_the_golden_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    text = _backend(Path("/store")).render([_task(1), _task(2, LARGE), _task(3), _task(4)]).text
    assert text.replace(str(Path(orchestrator.__file__).parent.parent), "/code") == GOLDEN.read_text()


def test_order_of_tasks_does_not_change_what_is_submitted() -> None:
    tasks = [_task(1), _task(2, LARGE), _task(3)]
    backend = _backend(Path("/store"))
    assert backend.render(tasks).text == backend.render([tasks[0], tasks[2], tasks[1]]).text


def test_large_sweeps_become_several_arrays() -> None:
    profile = Profile(array_limit=100, throttle=7)
    found = arrays([_task(number) for number in range(250)], profile, Path("/store/slurm"))
    assert [len(array.tasks) for array in found] == [100, 100, 50]
    assert "--array=0-99%7" in found[0].script
    assert len({array.folder for array in found}) == 3


def test_long_trials_get_slices_of_the_longest_job() -> None:
    [array] = arrays([_task(1, Resources(minutes=100_000))], Profile(minutes=240), Path("/store/slurm"))
    assert "#SBATCH --time=240" in array.script


def test_jobs_may_be_requeued_and_are_warned() -> None:
    [array] = arrays([_task(1)], Profile(signal_seconds=77), Path("/store/slurm"))
    assert {"#SBATCH --requeue", "#SBATCH --signal=USR2@77", "#SBATCH --open-mode=append"} <= set(
        array.script.split("\n")
    )


hostile = st.text(st.sampled_from("ab \t\n\r'\"`$(){};|&<>*?!#%\\\x00é-=~"), min_size=1, max_size=40)


@given(hostile)
def test_no_name_of_a_folder_reaches_the_shell(name: str) -> None:
    root = Path("/tmp") / name.replace("/", "")
    try:
        [array] = arrays([_task(1, root=root)], PROFILE, root / "slurm", "/usr/bin/python3")
    except StoreError:
        return
    lines = array.script.split("\n")
    innocent = arrays([_task(1)], PROFILE, Path("/store/slurm"), "/usr/bin/python3")[0].script.split("\n")
    assert len(lines) == len(innocent)
    for line, other in zip(lines, innocent, strict=True):
        words = [word.replace(str(array.folder), "FOLDER") for word in shlex.split(line)]
        assert words == [word.replace(f"/store/slurm/{array.folder.name}", "FOLDER") for word in shlex.split(other)]


@given(st.text(min_size=1, max_size=60))
def test_no_value_of_a_profile_breaks_out_of_its_line(value: str) -> None:
    try:
        profile = Profile(partition=value, account=value, constraint=value, flags={"comment": value})
    except ValueError:
        return
    [array] = arrays([_task(1)], profile, Path("/store/slurm"))
    values = [line.split("=", 1)[1] for line in array.script.split("\n") if line.startswith("#SBATCH --partition=")]
    assert [shlex.split(text) for text in values] == [[value]]


class ScriptedSlurm:
    """squeue with a script of successive outputs."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        return f"7|N/A|{self.words.pop(0)}|0|\n" if command[0] == "squeue" else ""


HANDLE = Handle(backend="slurm", key="7", trial="0" * 12, attempt=1)


def test_a_lost_node_is_not_an_end_while_slurm_may_requeue(tmp_path: Path) -> None:
    slurm = ScriptedSlurm("RUNNING", "NODE_FAIL", "NODE_FAIL", "PENDING", "RUNNING", "COMPLETED")
    backend = SlurmBackend(Store(tmp_path), Profile(poll_seconds=0, settle_seconds=60), run_command=slurm)
    seen = [backend.states([HANDLE])[HANDLE] for _ in range(6)]
    assert seen == [State.RUNNING, State.PENDING, State.PENDING, State.PENDING, State.RUNNING, State.DONE]


def test_a_lost_node_is_an_end_when_slurm_does_not_requeue(tmp_path: Path) -> None:
    slurm = ScriptedSlurm("NODE_FAIL", "NODE_FAIL")
    backend = SlurmBackend(Store(tmp_path), Profile(poll_seconds=0, settle_seconds=0), run_command=slurm)
    assert backend.states([HANDLE])[HANDLE] is State.LOST


def test_cancelling_spares_what_waits_from_starting_and_lets_what_runs_save(tmp_path: Path) -> None:
    slurm, store = ScriptedSlurm(), Store(tmp_path)
    trials = {"7_0": "0" * 12, "7_1": "1" * 12, "7_2": "2" * 12}
    handles = [HANDLE.model_copy(update={"key": key, "trial": trial}) for key, trial in trials.items()]
    leases = {key: acquire(store.run(trials[key]).path) for key in ("7_1", "7_2")}
    leases["7_2"].release()  # of a run that has ended; the one that follows it does not listen yet
    SlurmBackend(store, Profile(), run_command=slurm).cancel(handles)
    assert slurm.commands == [
        ["scancel", "--state=PENDING", "7_0", "7_1", "7_2"],
        ["scancel", "7_0", "7_2"],
        ["scancel", "--state=RUNNING", "--signal=TERM", "7_1"],
    ]


def test_nothing_is_asked_for_no_jobs(tmp_path: Path) -> None:
    slurm = ScriptedSlurm()
    backend = SlurmBackend(Store(tmp_path), Profile(), run_command=slurm)
    assert backend.states([]) == {}
    backend.cancel([])
    assert slurm.commands == []
