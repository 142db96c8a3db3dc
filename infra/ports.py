"""Free TCP ports of the loopback interface."""

import contextlib
import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections, so that they stay free until bound.
RANGE = range(20000, 32000)


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Return `count` different ports of `address` on which nobody listens."""
    found: list[int] = []
    for port in random.sample(RANGE, len(RANGE)):
        if _is_free(address, port):
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError(f"no {count} free ports on {address}")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((address, port))
            return True
    return False


def is_open(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether somebody accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0
