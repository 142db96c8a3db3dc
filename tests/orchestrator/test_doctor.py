"""The doctor's report on different machines."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.ports import free_ports
from orchestrator.commands.doctor import execute
from orchestrator.doctor import backends as doctor_backends
from orchestrator.doctor.checks import examine
from orchestrator.doctor.finding import Finding
from orchestrator.errors import BackendError
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment

CONFIGURATION = """Configuration data as of 2026-01-01
ClusterName             = {cluster}
MaxArraySize            = {size}
PreemptMode             = {mode}
"""


def slurm(tmp_path: Path, size: int = 1001, mode: str = "REQUEUE") -> dict[str, Finding]:
    def ask(command: Sequence[str]) -> str:
        return (
            "slurm 25.05.1\n" if command[0] == "sbatch" else CONFIGURATION.format(cluster="big", size=size, mode=mode)
        )

    found = doctor_backends.slurm(Store(tmp_path), ask, lambda name: f"/usr/bin/{name}")
    return {finding.name: finding for finding in found}


def test_version_and_cluster_are_reported(tmp_path: Path) -> None:
    assert slurm(tmp_path)["slurm"] == Finding("slurm", "ok", "slurm 25.05.1, cluster big")


@pytest.mark.parametrize(
    ("mode", "verdict"), [("REQUEUE", "ok"), ("GANG,REQUEUE", "ok"), ("OFF", "ok"), ("CANCEL", "note")]
)
def test_preemption_that_cancels_is_noted(tmp_path: Path, mode: str, verdict: str) -> None:
    assert slurm(tmp_path, mode=mode)["slurm preemption"].verdict == verdict


@pytest.mark.parametrize(
    ("mode", "words"), [("", "unknown"), ("GANG,SUSPEND", "suspended, and go on later"), ("CANCEL", "resubmits")]
)
def test_the_effect_of_preemption_is_told_as_it_is(tmp_path: Path, mode: str, words: str) -> None:
    assert words in slurm(tmp_path, mode=mode)["slurm preemption"].detail


@pytest.mark.parametrize(("size", "verdict"), [(1001, "ok"), (1000, "ok"), (500, "wrong")])
def test_arrays_larger_than_slurm_takes_are_wrong(tmp_path: Path, size: int, verdict: str) -> None:
    finding = slurm(tmp_path, size=size)["slurm arrays"]
    assert finding.verdict == verdict
    if verdict == "wrong":
        assert "write array_limit: 500 into the profile" in finding.detail


def test_a_broken_profile_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text("partitoin: main\n")
    finding = slurm(tmp_path)["slurm profile"]
    assert finding.verdict == "wrong"
    assert "slurm.yaml:1" in finding.detail


def test_a_slurm_that_does_not_answer_is_a_note(tmp_path: Path) -> None:
    def ask(command: Sequence[str]) -> str:
        raise BackendError(f"{command[0]}: Unable to contact slurm controller", retryable=True)

    (finding,) = doctor_backends.slurm(Store(tmp_path), ask, lambda name: f"/usr/bin/{name}")
    assert (finding.verdict, "Unable to contact" in finding.detail) == ("note", True)
    (finding,) = doctor_backends.slurm(Store(tmp_path), ask, lambda _name: None)
    assert (finding.verdict, finding.detail) == ("note", "no sbatch on the path: no SLURM backend here")


@pytest.mark.parametrize(("named", "verdict"), [(True, "wrong"), (False, "note")])
def test_a_ray_cluster_that_was_named_has_to_answer(named: bool, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    if named:
        monkeypatch.setenv("RAY_API_SERVER_ADDRESS", address)
    else:
        monkeypatch.setattr("orchestrator.backends.ray.jobs.DEFAULT_ADDRESS", address)
    (finding,) = doctor_backends.ray()
    assert finding.verdict == verdict


def test_a_server_that_does_not_answer_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(doctor_backends.mlflow_server(Store(tmp_path))) == []
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_ports(1)[0]}")
    (finding,) = doctor_backends.mlflow_server(Store(tmp_path))
    assert finding.verdict == "note"


@pytest.mark.parametrize("uri", ["file:/somewhere", "sqlite:///{}/notes.txt"])
def test_a_place_that_cannot_be_recorded_to_is_one_finding_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    (tmp_path / "notes.txt").write_text("no database, but long enough to have a header " * 20)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.format(tmp_path))
    found = {finding.name: finding for finding in examine(Store(tmp_path))}
    assert found["mlflow record"].verdict == "wrong"
    assert "name sqlite:///FILE or http://HOST:PORT" in found["mlflow record"].detail
    assert found["python"].verdict == "ok"


def test_a_folder_that_hides_a_package_is_reported(tmp_path: Path) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "__init__.py").touch()
    ours = environment()["PYTHONPATH"]
    command = [sys.executable, "-m", "orchestrator", "doctor", "--store", str(tmp_path)]
    hidden = {**environment(), "PYTHONPATH": f"{tmp_path}:{ours}", "COLUMNS": "400"}
    done = subprocess.run(command, env=hidden, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = [line for line in done.stdout.splitlines() if "shadowed packages" in line]
    assert f"mlflow: Python finds {tmp_path}/mlflow/__init__.py" in line


def test_a_store_that_does_not_exist_is_examined_without_being_made(tmp_path: Path) -> None:
    root = tmp_path / "new" / "store"
    found = {finding.name: finding for finding in examine(Store(root))}
    assert list(tmp_path.iterdir()) == []
    assert found["store"].verdict == "ok"
    assert found["store"].detail == f"{root} does not exist yet; checked instead: {tmp_path}"
    assert found["hard links"].verdict == "ok"


def test_a_store_that_cannot_be_made_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    found = {finding.name: finding for finding in examine(Store(tmp_path / "file" / "store"))}
    assert found["store"].verdict == "wrong"
    assert str(tmp_path / "file") in found["store"].detail


def test_lines_for_a_pipe_end_where_their_words_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    execute(Store(tmp_path), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line != line.rstrip()] == []
