"""Assumptions of the backend about SLURM, checked on a real cluster."""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.slurm.cluster import Cluster
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.states import STATES
from orchestrator.doctor import backends as doctor_backends
from orchestrator.errors import BackendError
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from tests.cluster.sweeps import Sweeper, assert_whole
from trainer.config.job import Resources

LIBRARY = "slurm-wlm/libslurmfull.so"
FLAG_BITS = range(8, 32)


def _states_of_this_version() -> Iterator[str]:
    """Yield the name of every base state and every flag in SLURM's own library."""
    found = sorted(Path("/usr/lib").glob(f"*/{LIBRARY}"))
    if not found:
        pytest.skip("SLURM's library is not where Debian puts it")
    word = ctypes.CDLL(str(found[0])).job_state_string
    word.restype, word.argtypes = ctypes.c_char_p, [ctypes.c_uint32]
    for number in [*range(20), *(1 << bit for bit in FLAG_BITS)]:
        yield word(number).decode()


@pytest.mark.usefixtures("slurm")
def test_every_state_of_the_installed_version_has_a_meaning() -> None:
    words = set(_states_of_this_version()) - {"?"}
    assert {"PENDING", "NODE_FAIL", "STAGE_OUT"} <= words
    assert words <= set(STATES)


@pytest.mark.usefixtures("slurm")
def test_the_doctor_knows_the_cluster(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in doctor_backends.slurm(Store(tmp_path))}
    assert findings["slurm"].detail.startswith("slurm")
    assert findings["slurm"].detail.endswith("cluster throwaway")
    assert "REQUEUE" in findings["slurm preemption"].detail
    assert findings["slurm arrays"].detail.startswith("MaxArraySize 2001")
    assert {finding.verdict for finding in findings.values()} == {"ok"}


@pytest.mark.usefixtures("slurm")
def test_rendered_text_is_what_sbatch_was_given(tmp_path: Path) -> None:
    backend = SlurmBackend(Store(tmp_path), Profile(flags={"hold": True}))
    tasks = [Task(f"{number:012x}", tmp_path / "trial", 1, Resources(memory_gib=0.1)) for number in range(3)]
    submission = backend.render(tasks)
    handles = backend.submit(submission)
    [script] = tmp_path.glob("slurm/*/*_submission.sh")
    assert script.read_text() == submission.text.split("attempt 1\n")[-1]
    assert {handle.key for handle in handles} == {f"{script.name.split('_')[0]}_{index}" for index in range(3)}
    backend.cancel(handles)


@pytest.mark.usefixtures("slurm")
def test_what_the_cluster_can_never_run_is_a_permanent_failure(tmp_path: Path) -> None:
    backend = SlurmBackend(Store(tmp_path), Profile())
    with pytest.raises(BackendError, match="node configuration is not available") as failure:
        backend.submit(backend.render([Task("0" * 12, tmp_path, 1, Resources(gpus=64))]))
    assert not failure.value.retryable


def test_a_folder_with_a_hostile_name_is_only_a_folder(
    slurm: Cluster, slurm_sweeper: Sweeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "it's $(touch pwned) `touch pwned`; touch pwned & #é"
    root.mkdir()
    (slurm_sweeper.store.root / "slurm.yaml").rename(root / "slurm.yaml")
    sweeper = Sweeper(Store(root), tmp_path, "slurm")
    sweeper.finish(sweeper.write(range(2), 0.5))
    for run in sweeper.runs():
        assert_whole(run, 0.5)
    assert not list(tmp_path.rglob("pwned"))
    assert not list(slurm.layout.prefix.rglob("pwned"))
