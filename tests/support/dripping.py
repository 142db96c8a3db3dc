"""A server that never falls silent, and never ends: it sends a byte every 20 ms."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def _drip(caller: socket.socket, ended: threading.Event, head: bytes) -> None:
    with contextlib.suppress(OSError), caller:
        caller.sendall(head)
        while not ended.wait(0.02):
            caller.sendall(b" ")


def _serve(server: socket.socket, ended: threading.Event, head: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = server.accept()
            threading.Thread(target=_drip, args=(caller, ended, head), daemon=True).start()


@pytest.fixture(params=[b"", HEAD], ids=["within the head", "within the body"])
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of such a server."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, ended, request.param), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
