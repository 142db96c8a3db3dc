"""A dashboard of a store, served by a thread of the test, and asked over HTTP."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from analysis.dashboard.guard import LOOPBACK, AccessPolicy
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.server import application, listen, web_server
from analysis.tables.store import ResultStore

TOKEN = "a token of sixteen letters or more"


class Answer(NamedTuple):
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Served(NamedTuple):
    """A server on a port of this machine."""

    port: int
    live: LiveStore

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        told = {"Content-Type": "application/json", **headers}
        return self.ask("POST", path, json.dumps(body).encode(), told)

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request whose path is not tidied up first, as browsers and most clients would."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body, {"Host": f"127.0.0.1:{self.port}", **headers})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@contextmanager
def served(store: ResultStore, *, may_act: bool = False, is_open: bool = True) -> Iterator[Served]:
    """Serve the dashboard of a store while the block runs."""
    listening = listen("127.0.0.1", 0)
    live = LiveStore(store)
    server = web_server(application(live, AccessPolicy(TOKEN, is_open=is_open, hosts=LOOPBACK), may_act=may_act))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Served(listening.getsockname()[1], live)
    finally:
        server.should_exit = True
        thread.join(30)
