"""What a stranger uploads is read in a process of its own: it may die, the hub does not."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from hub_content import card, module
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import RejectedError
from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.publishing.describing import describe_in_process
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.settings import MIB, ServerSettings

_PROCESS = b"tensorflow_hub.server.publishing.description_process"


def saved_model_of(nodes: int) -> bytes:
    """A SavedModel of one graph of empty nodes: two bytes each here, many more in memory."""
    graph = b"\x0a\x00" * nodes
    meta_graph = _field(2, graph)
    return b"\x08\x01" + _field(2, meta_graph)


def saved_model_with(signatures: int) -> bytes:
    """A SavedModel of one graph with many signatures without inputs: reading them takes long."""
    entries = (_field(5, _field(1, b"%x" % i) + _field(2, b"\x1a\x01m")) for i in range(signatures))
    return b"\x08\x01" + _field(2, b"".join(entries))


def _field(number: int, data: bytes) -> bytes:
    length, size = bytearray(), len(data)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + data


@pytest.fixture
def publication(tmp_path):
    """A publication whose module is what the test writes into `unpacked`."""
    (tmp_path / "module").mkdir()
    upload = Upload("u", 0, "acme/model/1", "saved_model", "", 1, "", 1, None, 0, 0)
    return Publication(upload, None, Caller(None, ""), None, None, tmp_path)


@pytest.mark.parametrize(
    ("limits", "saved_model", "message"),
    [
        ({"describe_memory": 300 * MIB}, (saved_model_of, 10_000_000), "more than 300 MiB of memory"),
        ({"describe_seconds": 1}, (saved_model_with, 400_000), "more than 1 s"),
    ],
    ids=["memory", "time"],
)
def test_a_module_that_takes_too_much_is_refused(publication, limits, saved_model, message):
    make, size = saved_model
    (publication.unpacked / "saved_model.pb").write_bytes(make(size))
    with pytest.raises(RejectedError, match=message):
        describe_in_process(publication, ServerSettings(**limits))


def test_a_reader_that_breaks_breaks_nothing_else(publication):
    (publication.unpacked / "saved_model.pb").write_bytes(saved_model_with(400_000))
    killer = threading.Thread(target=_kill_reader)
    killer.start()
    with pytest.raises(RejectedError, match="the process that read it crashed"):
        describe_in_process(publication, ServerSettings())
    killer.join()


def _kill_reader() -> None:
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if folder.joinpath("status").read_text().split("PPid:\t")[1].split()[0] != str(os.getpid()):
                    continue
                if _PROCESS in folder.joinpath("cmdline").read_bytes():
                    os.kill(int(folder.name), signal.SIGSEGV)
                    return
            except OSError:
                continue
        time.sleep(0.01)


def test_a_publisher_reads_why_and_the_hub_goes_on(tmp_path):
    (tmp_path / "bomb").mkdir()
    (tmp_path / "bomb" / "saved_model.pb").write_bytes(saved_model_of(10_000_000))
    with HubProcess(tmp_path / "data", TFHUB_SERVER_DESCRIBE_MEMORY="300MiB") as hub:
        to = {"hub": hub.url, "token": hub.token}
        with pytest.raises(RejectedError, match="takes more than 300 MiB of memory"):
            publish(tmp_path / "bomb", card=card("acme/bomb/1"), **to)
        assert publish(module(), card=card("acme/model/1"), **to).is_new
