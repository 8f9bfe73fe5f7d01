"""A range of a file is sent in pieces, with little memory, and whatever happens to the file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sys
import urllib.parse
from pathlib import Path

import pytest
import requests
from hub_content import card, module_with
from hub_process import HubProcess
from patience import PATIENCE, until

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.server.http.file_pieces import read_pieces

MIB = 1 << 20
SIZE = 3 * MIB + 11
LARGE = 40 * MIB
CLIENTS = 20
# Far less than what the clients ask for, and twice what the hub needs.
MEMORY_PER_CLIENT = 5 * MIB

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="/proc has the memory and the open files")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


def read(path, start, end):
    async def collect():
        return [piece async for piece in read_pieces(path, start, end)]

    return asyncio.run(collect())


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (SIZE - 1, SIZE), (5, MIB // 4 + 5), (MIB - 1, 2 * MIB + 1), (0, SIZE)]
)
@pytest.mark.parametrize("is_cached", [True, False])
def test_the_pieces_are_the_bytes_of_the_range(file, start, end, is_cached):
    if not is_cached and hasattr(os, "posix_fadvise"):
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    pieces = read(file, start, end)
    assert b"".join(pieces) == file.read_bytes()[start:end]
    assert all(type(piece) is bytes and 0 < len(piece) <= MIB for piece in pieces)


@needs_proc
def test_a_file_system_that_cannot_say_what_is_in_memory_is_read_too():
    path = Path("/proc/version")
    text = path.read_bytes()
    assert b"".join(read(path, 3, len(text))) == text[3:]


def test_a_file_that_becomes_shorter_is_an_error(file):
    async def shorten_while_reading():
        pieces = read_pieces(file, 0, SIZE)
        await anext(pieces)
        os.truncate(file, 10)
        async for _ in pieces:
            pass

    with pytest.raises(OSError, match=f"to have {SIZE} bytes, but it ends at"):
        asyncio.run(shorten_while_reading())


def test_a_file_that_is_removed_is_sent_to_its_end(file):
    content = file.read_bytes()

    async def remove_while_reading():
        pieces = read_pieces(file, 0, SIZE)
        first = await anext(pieces)
        file.unlink()
        return b"".join([first, *[piece async for piece in pieces]])

    assert asyncio.run(remove_while_reading()) == content


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        read(tmp_path / "missing", 0, 1)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    place = tmp_path_factory.mktemp("ranges")
    with HubProcess(place / "data") as hub:
        folder = module_with(place / "module", random.Random(2).randbytes(LARGE))
        publish(folder, card=card("acme/large/1"), hub=hub.url, token=hub.token)
        yield hub


@contextlib.contextmanager
def slow_client(hub):
    """Asks for a large range, and reads only when told to."""
    host = urllib.parse.urlsplit(hub.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.settimeout(PATIENCE)
        client.connect((host.hostname, host.port))
        client.sendall(
            b"GET /acme/large/1?tf-hub-format=compressed HTTP/1.1\r\n"
            b"Host: hub\r\nConnection: close\r\nRange: bytes=1-%d\r\n\r\n" % LARGE
        )
        assert client.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 206"
        yield client


def received(client, most=LARGE * 2):
    """How many bytes arrive until the end of the connection, at most `most`."""
    count = 0
    with contextlib.suppress(ConnectionResetError):
        while count < most and (data := client.recv(MIB)):
            count += len(data)
    return count


def archive_of(hub):
    [path] = (hub.data / "store" / "archives").glob("*.tar.gz")
    return path


def servers(hub):
    """The processes of a hub."""
    children = Path(f"/proc/{hub.pid}/task/{hub.pid}/children").read_text().split()
    return [Path("/proc", pid) for pid in (str(hub.pid), *children)]


def peak_memory(hub):
    """The most bytes that were resident, of all processes."""
    lines = [line for place in servers(hub) for line in (place / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def is_open(hub, path):
    """Whether a server process has a file open."""
    links = [link for place in servers(hub) for link in (place / "fd").iterdir()]
    targets = []
    for link in links:
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            targets.append(link.readlink())
    return path in targets


@needs_proc
def test_slow_clients_need_little_memory_and_none_when_they_are_gone(hub):
    before = peak_memory(hub)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(slow_client(hub)) for _ in range(CLIENTS)]
        for client in clients:
            received(client, 4 * MIB)
        assert is_open(hub, archive_of(hub))
        assert peak_memory(hub) - before < CLIENTS * MEMORY_PER_CLIENT
    until(lambda: not is_open(hub, archive_of(hub)), "the end of what nobody reads any more")


def test_a_file_that_becomes_shorter_ends_the_answer_and_not_the_server(hub):
    path = archive_of(hub)
    content = path.read_bytes()
    with slow_client(hub) as client:
        os.truncate(path, MIB)
        assert received(client) < LARGE
    assert requests.get(f"{hub.url}/healthz", timeout=PATIENCE).status_code == 200
    until(lambda: f"Expected the file {str(path)!r} to have" in hub.log_text(), "the line of the log")
    path.write_bytes(content)  # for the other tests
