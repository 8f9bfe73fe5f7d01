"""Ports for servers that have to say beforehand where they listen, or listen at the same port twice."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

# Below the ports that systems give to clients (32768 on Linux, 49152 elsewhere): no connection of anybody
# takes one of these by chance while its server is down.
_LOWEST, _HIGHEST = 12_000, 32_000


def fixed_ports(count: int) -> list[int]:
    """Free ports of 127.0.0.1, all different."""
    with contextlib.ExitStack() as held:
        return [_bind_any_port(held) for _ in range(count)]


@contextlib.contextmanager
def silent_port(port: int) -> Iterator[None]:
    """Nothing listens at the port, and nothing else begins to, as long as the context lasts."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        yield


def _bind_any_port(held: contextlib.ExitStack) -> int:
    dice = random.SystemRandom()  # workers of one test run must not try the same ones
    while True:
        port = dice.randint(_LOWEST, _HIGHEST)
        with contextlib.suppress(OSError):
            one = socket.socket()
            held.enter_context(one)
            one.bind(("127.0.0.1", port))
            return port
