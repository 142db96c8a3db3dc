"""The Ray backend without Ray: its queue, states read from files, and its HTTP requests."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from orchestrator.backends.queue import QueueEntry
from orchestrator.backends.ray.backend import RayBackend
from orchestrator.backends.ray.jobs import IS_ALIVE, RayJobs
from orchestrator.backends.ray.task import RayQueue, carry_out
from orchestrator.errors import BackendError, PlanError
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.record import State


class FakeRay(BaseHTTPRequestHandler):
    """The few responses of Ray's dashboard that the backend requests."""

    token: ClassVar[str] = "secret"
    jobs: ClassVar[list[dict[str, Any]]] = []
    status: ClassVar[str] = "RUNNING"

    def do_GET(self) -> None:
        if self.path == "/api/cluster_status":
            usage = {"CPU": [1.0, 8.0], "GPU": [0.0, 2.0]}
            report = {"usage": usage, "nodeTypes": [[{"CPU": 4.0, "GPU": 1.0, "memory": 1e9}, 2]]}
            self._answer(200, {"data": {"clusterStatus": {"loadMetricsReport": report}}})
        elif self.path == "/api/jobs/job-1":
            self._answer(200, {"status": self.status})
        else:
            self._answer(404, {"error": "no such job"})

    def do_POST(self) -> None:
        self.jobs.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(200, {"submission_id": "job-1"})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        if self.headers["Authorization"] != f"Bearer {self.token}":
            code, body = 401, {"error": "who are you?"}
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Do not log requests."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a FakeRay."""
    server = HTTPServer(("127.0.0.1", 0), FakeRay)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    FakeRay.jobs, FakeRay.status = [], "RUNNING"
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def backend(tmp_path: Path, address: str) -> RayBackend:
    return RayBackend(Store(tmp_path), RayJobs(address, "secret"))


def _task(tmp_path: Path, number: int = 1, **needs: Any) -> Task:
    return Task(f"{number:012x}", tmp_path / "trial", 1, Resources(**needs))


def test_every_state_of_a_ray_job_is_known() -> None:
    submission = pytest.importorskip("ray.job_submission")
    assert set(IS_ALIVE) == {status.value for status in submission.JobStatus}


def test_slots_follow_the_scarcest_resource(backend: RayBackend) -> None:
    assert backend.slots(Resources(cpus=2)) == 4
    assert backend.slots(Resources(cpus=1, gpus=1)) == 2
    assert backend.slots(Resources(cpus=1, gpus=0.25)) == 8


@pytest.mark.parametrize(
    ("needed", "told"),
    [
        (Resources(cpus=4, gpus=1), ""),
        (Resources(cpus=1, gpus=0.5), ""),
        (Resources(gpus=2), "no node of the running Ray cluster has 1 CPUs and 2 GPUs"),
        (Resources(cpus=8), "no node of the running Ray cluster has 8 CPUs and 0 GPUs: trials wait for one"),
    ],
)
def test_what_no_node_of_the_cluster_has_is_doubted(backend: RayBackend, needed: Resources, told: str) -> None:
    assert backend.doubts(needed).startswith(told)
    assert bool(backend.doubts(needed)) == bool(told)


def test_a_cluster_that_does_not_answer_is_said_not_to_be_checked(tmp_path: Path) -> None:
    backend = RayBackend(Store(tmp_path), RayJobs("http://127.0.0.1:1", timeout_seconds=1.0))
    assert backend.doubts(Resources()).startswith("not checked whether a node has 1 CPUs and 0 GPUs: Ray at http")


def test_submitting_starts_one_driver_with_what_it_has_to_know(
    backend: RayBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_WORKER", "worker")
    handles = backend.submit(backend.render([_task(tmp_path, 1), _task(tmp_path, 2)]))
    backend.submit(backend.render([_task(tmp_path, 3)]))
    assert len(FakeRay.jobs) == 1
    assert FakeRay.jobs[0]["entrypoint"].endswith(f"orchestrator.backends.ray.driver {tmp_path}/ray")
    assert FakeRay.jobs[0]["runtime_env"]["env_vars"]["ADASWEEP_WORKER"] == "worker"
    assert list(backend.states(handles).values()) == [State.PENDING, State.PENDING]


def test_a_dead_driver_is_replaced(backend: RayBackend, tmp_path: Path) -> None:
    backend.submit(backend.render([_task(tmp_path)]))
    FakeRay.status = "FAILED"
    RayBackend(backend.store, backend.jobs).maintain()
    assert len(FakeRay.jobs) == 2


def test_a_living_driver_is_left_alone_by_later_processes(backend: RayBackend, tmp_path: Path) -> None:
    backend.submit(backend.render([_task(tmp_path)]))
    RayBackend(backend.store, backend.jobs).maintain()
    assert len(FakeRay.jobs) == 1


def test_rendered_text_says_what_each_attempt_needs(backend: RayBackend, tmp_path: Path) -> None:
    text = backend.render([_task(tmp_path, 1, gpus=0.5, cpus=2, memory_gib=8)]).text
    assert text.startswith("[2 CPUs, 0.5 GPUs, 8 GiB] ")
    assert text.endswith(f"orchestrator.supervise {tmp_path}/trial 1\n")


def test_a_wrong_token_is_a_permanent_failure(address: str) -> None:
    with pytest.raises(BackendError, match="401") as failure:
        RayJobs(address, "guess").is_alive("job-1")
    assert not failure.value.retryable


def test_an_unresponsive_cluster_is_a_temporary_failure() -> None:
    with pytest.raises(BackendError) as failure:
        RayJobs("http://127.0.0.1:9").is_alive("job-1")
    assert failure.value.retryable


def test_a_job_that_ray_forgot_is_not_alive(backend: RayBackend) -> None:
    assert not backend.jobs.is_alive("job-2")


def test_what_was_cancelled_while_it_waited_is_not_carried_out(tmp_path: Path) -> None:
    queue = RayQueue(tmp_path)
    entry = QueueEntry.of(_task(tmp_path))
    assert carry_out(str(queue.root), entry.key) is None
    queue.put(entry)
    queue.stop_file(entry.key).parent.mkdir()
    queue.stop_file(entry.key).touch()
    assert carry_out(str(queue.root), entry.key) is None
    assert not queue.waiting()
    assert not queue.running()


ANSWERS = {
    "another shape": b"[1]",
    "no JSON": b"<html>",
    "nothing": b"{}",
    "no object": b"7",
    "other words": b'{"status": "DOZING"}',
}


class OtherService(BaseHTTPRequestHandler):
    """Answers every request alike, as no Ray cluster does."""

    answer = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_not_rays_is_an_outage_in_one_line(answer: str) -> None:
    service = type("Service", (OtherService,), {"answer": ANSWERS[answer]})
    with HTTPServer(("127.0.0.1", 0), service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        jobs = RayJobs(f"http://127.0.0.1:{server.server_port}")
        for ask in (lambda: jobs.total("CPU"), jobs.nodes, lambda: jobs.is_alive("x"), lambda: jobs.submit("x", {})):
            with pytest.raises(BackendError, match=r"^Ray at http://127.0.0.1") as caught:
                ask()
            assert caught.value.retryable
        server.shutdown()


@pytest.mark.parametrize("address", ["nonsense", "", "http://", "http://a b", "http://[::1", "ftp://nowhere.invalid"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(BackendError, match=r"^Ray at "):
        RayJobs(address, timeout_seconds=2).total("CPU")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8265", "ray://head:10001", "http://", "http://[::1", "http://a b", "http://host:99999", "x"]
)
def test_what_is_no_address_of_a_cluster_is_refused_and_not_waited_for(tmp_path: Path, address: str) -> None:
    with pytest.raises(PlanError, match=r"is no address of Ray's dashboard; write http://HOST:8265"):
        RayBackend(Store(tmp_path), RayJobs(address)).require_usable()
    RayJobs("https://head:8265/").require_address()


def test_a_cluster_that_does_not_answer_is_waited_for_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        jobs = RayJobs(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.5)
        backend, began = RayBackend(Store(tmp_path), jobs), time.monotonic()
        for ask in (lambda: backend.slots(Resources()), backend.require_usable):
            with pytest.raises(BackendError, match=r"^Ray at http://127\.0\.0\.1:\d+: timed out$") as caught:
                ask()
            assert caught.value.retryable
        assert backend.doubts(Resources()).startswith("not checked")
        assert time.monotonic() - began < 0.9


def test_a_cluster_that_answers_is_usable(backend: RayBackend) -> None:
    backend.require_usable()
