"""A server that sends a byte from time to time is not waited for without an end; a missing driver is named."""

import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.doctor import backends as doctor_backends
from orchestrator.errors import BackendError
from orchestrator.recorders import timed_client
from orchestrator.recorders.ingest import record_once
from orchestrator.recorders.target import VARIABLE, default_target
from orchestrator.store.layout import Store
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.support.dripping import dripping as dripping
from trainer.command_line.deadline import Overdue, deadline
from trainer.data import fetch
from trainer.errors import FetchError

SECONDS = 0.5
pytestmark = pytest.mark.timeout(60)


@pytest.mark.timeout(0)
def test_an_earlier_alarm_goes_off_as_it_would() -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.6)
    with pytest.raises(Overdue, match=r"no whole answer within 0.2 s"), deadline(0.2):
        time.sleep(30)
    with deadline(20):
        pass
    while not rung and time.monotonic() < began + 30:
        time.sleep(0.05)
    signal.signal(signal.SIGALRM, before)
    assert rung
    assert rung[0] - began >= 0.6


@pytest.mark.timeout(0)
def test_an_earlier_alarm_goes_off_within_a_deadline_at_each_of_its_intervals() -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    with pytest.raises(Overdue, match=r"no whole answer within 1 s"), deadline(1):
        time.sleep(30)
    within = len(rung)
    time.sleep(0.5)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    assert within >= 2
    assert len(rung) > within
    assert rung[0] - began >= 0.2


def test_of_ray(dripping: str) -> None:
    with pytest.raises(BackendError, match=r"no whole answer within 1 s"):
        RayJobs(dripping, timeout_seconds=SECONDS).is_alive("job-1")


def test_of_a_download(dripping: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", SECONDS)
    with pytest.raises(FetchError, match=r"no whole answer within 0.5 s"):
        fetch.download(dripping, tmp_path / "file", 1 << 20)


def test_of_doctor(tmp_path: Path, dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_backends, "TIMEOUT_SECONDS", SECONDS)
    monkeypatch.setenv(VARIABLE, dripping)
    found = [(one.verdict, one.detail) for one in doctor_backends.mlflow_server(Store(tmp_path))]
    assert found in (
        [("ok", f"{dripping} responds")],  # the head is the answer
        [("note", f"{dripping}: no whole answer within 1 s; runs continue, and are recorded later")],
    )


def test_of_the_recorder(store: Store, dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_client, "CALL_SECONDS", SECONDS)
    monkeypatch.setenv(VARIABLE, dripping)
    new_attempt(new_trial(store))
    report = record_once(store, default_target(store), lambda _line: None)
    assert "no whole answer within 0.5 s" in report.trouble


@pytest.mark.parametrize(
    ("kind", "module", "package"),
    [("mysql", "MySQLdb", "mysqlclient"), ("mysql+pymysql", "pymysql", "PyMySQL"), ("mssql", "pyodbc", "pyodbc")],
)
def test_a_database_whose_package_is_not_installed_names_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    new_attempt(new_trial(store))
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv(VARIABLE, f"{kind}://someone@127.0.0.1:{server.getsockname()[1]}/runs")
        trouble = record_once(store, default_target(store), lambda _line: None).trouble
    assert f"{kind} needs the package {package}; install it: pip install {package}" in trouble
