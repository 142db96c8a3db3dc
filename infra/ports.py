"""Free TCP ports of the loopback interface."""

import contextlib
import random
import socket

# Below the kernel's ephemeral port range, so that the ports stay free until bound.
RANGE = range(20000, 32000)


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Return `count` different free ports of `address`."""
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
    """Return whether `port` accepts connections."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0
