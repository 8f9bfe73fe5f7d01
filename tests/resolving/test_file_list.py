"""Single files, several at the same time: whole, resumed, verified, and nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from archived_modules import contents, make_module
from listed_source import ListedServer, ListedSource
from loopback import Answer, Pace
from patience import PATIENCE, until

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.sources.table import unregister_source
from tensorflow_hub.resolving.transfer.checksums import Checksums

PROGRAM = """
import sys, tensorflow_hub as hub
from listed_source import ListedSource
ListedSource.api = sys.argv[2]
hub.register_source(ListedSource, "listed")
hub.resolve(sys.argv[1])
"""


@pytest.fixture
def listed(monkeypatch):
    server = ListedServer()
    monkeypatch.setattr(ListedSource, "api", server.url)
    hub_library.register_source(ListedSource, "listed")
    yield server
    unregister_source("listed")
    server.server.close()


@pytest.fixture
def module(tmp_path):
    return make_module(tmp_path / "module", megabytes=24)


@pytest.fixture
def slow(listed):
    """The source over a slow link: long files are fetched by several connections.

    It is much slower than what a busy machine does with the bytes: otherwise it would not be slow there.
    """
    listed.server.pace = Pace(latency=0.1, rate=5e6)
    return listed


def content_requests(listed):
    return [request for request in listed.server.requests if request.path.startswith("/content/")]


@pytest.mark.usefixtures("slow")
def test_long_files_come_in_parts_and_short_ones_whole(listed, module):
    path = hub_library.resolve(listed.publish("words/1", module))
    assert contents(path) == contents(module)
    spans = [request.headers.get("range") for request in content_requests(listed)]
    assert len([span for span in spans if span]) == 6  # 24 MB by 4 MiB
    assert len([span for span in spans if not span]) == 4  # nobody asks for the empty file
    conditions = {request.headers.get("if-range") for request in content_requests(listed)}
    assert len(conditions - {None}) == 1


def test_over_a_fast_connection_parts_come_one_after_the_other(listed, module, monkeypatch):
    # No connection counts as slow.
    monkeypatch.setattr("tensorflow_hub.resolving.transfer.file_list._SLOW_SHARE", 1.0)
    path = hub_library.resolve(listed.publish("words/1", module))
    assert contents(path) == contents(module)
    spans = [request.headers["range"] for request in content_requests(listed) if "range" in request.headers]
    assert spans == ["bytes=0-4194303", "bytes=4194304-25165823"]


def test_digests_that_threads_compute_are_those_of_the_bytes():
    blocks = [os.urandom(100_000) for _ in range(50)]
    whole = b"".join(blocks)
    promised = {"md5": hashlib.md5(whole).hexdigest(), "sha256": hashlib.sha256(whole).hexdigest()}
    for expected in (promised, {**promised, "md5": "0" * 32}):
        sums = Checksums(expected, len(whole), threads=True)
        for block in blocks:
            sums.update(block)
        if expected == promised:
            assert sums.verify("weights") == promised["sha256"]
        else:
            with pytest.raises(errors.DigestError, match="Expected 'weights' with the md5 000"):
                sums.verify("weights")
        sums.close()


def test_parts_are_requested_where_the_first_was_redirected_to(listed, module):
    hub_library.resolve(listed.publish("words/1", module))
    redirected = [path for path in listed.server.paths() if path.startswith("/file/")]
    assert len(redirected) == 5


def test_a_download_continues_after_a_broken_connection(listed, module):
    broken = []

    def interfere(request):
        if request.path.startswith("/content/") and len(broken) < 4:
            broken.append(request)
            answer = listed.server.answer_to(request)
            return Answer(answer.status, answer.body, answer.headers, answer.start, answer.end, cut=100)
        return None

    listed.server.interfere = interfere
    assert contents(hub_library.resolve(listed.publish("words/1", module))) == contents(module)
    starts = {
        int(r.headers["range"][6:].split("-")[0]) % 1000
        for r in content_requests(listed)
        if "range" in r.headers
    }
    assert 100 in starts


@pytest.mark.usefixtures("slow")
def test_downloaded_parts_of_a_killed_process_are_reused(listed, module):
    handle = listed.publish("words/1", module)
    go_on = threading.Event()
    parts = []

    def interfere(request):
        if request.path.startswith("/content/") and "range" in request.headers:
            parts.append(request)
            if len(parts) > 3:
                go_on.wait(PATIENCE)

    listed.server.interfere = interfere
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PROGRAM, handle, listed.url]
    victim = subprocess.Popen(command, env=environment)
    staging = Path(os.environ["TFHUB_CACHE_DIR"]) / ".tfhub" / "staging"
    until(lambda: any(journal.read_bytes().count(b'"crc"') >= 6 for journal in staging.glob("*/journal")))
    victim.kill()
    victim.communicate()
    go_on.set()
    [journal] = staging.glob("*/journal")
    done = journal.read_bytes().count(b'"crc"')
    listed.server.interfere = lambda request: None
    listed.server.requests.clear()
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert len(content_requests(listed)) == 10 - done


def test_a_spoilt_journal_is_not_believed(listed, module):
    handle = listed.publish("words/1", module)
    listed.server.interfere = lambda request: Answer(404) if request.path.endswith("00001") else None
    with pytest.raises(errors.NotFoundError, match="Nothing is published"):
        hub_library.resolve(handle)


def test_a_server_without_parts_sends_files_whole(listed, module):
    def interfere(request):
        if request.path.startswith("/content/"):
            return Answer(body=listed.files[request.path.removeprefix("/content/")])
        return None

    listed.server.interfere = interfere
    assert contents(hub_library.resolve(listed.publish("words/1", module))) == contents(module)


def test_parts_that_nothing_holds_together_are_not_mixed(listed, module):
    """Neither an ETag nor a digest: the file comes in one piece."""
    listed.etags = False
    listed.listing["variables/variables.data-00000-of-00001"] = {"sha256": ""}
    assert contents(hub_library.resolve(listed.publish("words/1", module))) == contents(module)
    whole = [r for r in content_requests(listed) if r.path.endswith("00001") and "range" not in r.headers]
    assert len(whole) == 1


def test_bytes_with_another_digest_are_requested_once_more_and_refused(listed, module):
    handle = listed.publish("words/1", module)
    listed.listing["saved_model.pb"] = {"sha256": "0" * 64}
    with pytest.raises(errors.DigestError, match="Expected 'saved_model.pb' with the sha256 000"):
        hub_library.resolve(handle)
    assert len([r for r in content_requests(listed) if r.path.endswith("saved_model.pb")]) == 2
    assert not [path for path in Path(os.environ["TFHUB_CACHE_DIR"]).glob("*") if path.name != ".tfhub"]


@pytest.mark.parametrize("size", [10, 600_001])
def test_another_size_than_listed_is_refused(listed, module, size):
    listed.listing["saved_model.pb"] = {"size": size}
    with pytest.raises(errors.DownloadError, match=f"Expected 'saved_model.pb' .* with {size:,} bytes, got"):
        hub_library.resolve(listed.publish("words/1", module))


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("../evil", "leaves it"),
        ("/etc/evil", "relative paths"),
        ("a\\b", "backslash"),
        ("variables/variables.index", "every path once"),
        ("VARIABLES/x", "differ by more than case"),
        ("", "names and sizes"),
    ],
)
def test_hostile_names_are_refused_before_anything_is_fetched(listed, module, path, problem):
    listed.listing["saved_model.pb"] = {"path": path}
    with pytest.raises(errors.ArchiveError, match=problem):
        hub_library.resolve(listed.publish("words/1", module))
    assert content_requests(listed) == []


@pytest.mark.parametrize("setting", [("TFHUB_MAX_MODULE_SIZE", "1MB"), ("TFHUB_MAX_FILES", "3")])
def test_too_much_says_which_setting_allows_more(listed, module, monkeypatch, setting):
    monkeypatch.setenv(*setting)
    with pytest.raises(errors.ArchiveError, match=rf"Expected at most .*{setting[0]}"):
        hub_library.resolve(listed.publish("words/1", module))
    assert content_requests(listed) == []


def test_digests_in_the_headers_of_a_storage_are_compared(listed, module):
    handle = listed.publish("words/1", module)
    listed.listing = {path: {"sha256": ""} for path in contents(module)}
    wrong = "md5=" + "A" * 22 + "=="

    def interfere(request):
        answer = listed.server.answer_to(request)
        if request.path.endswith("saved_model.pb") and request.path.startswith("/content/"):
            return Answer(answer.status, answer.body, {**answer.headers, "x-goog-hash": wrong})
        return None

    listed.server.interfere = interfere
    with pytest.raises(errors.DigestError, match="Expected 'saved_model.pb' with the md5 000000"):
        hub_library.resolve(handle)
    right = hashlib.md5((module / "saved_model.pb").read_bytes()).digest()
    import base64

    wrong = "md5=" + base64.b64encode(right).decode()
    assert contents(hub_library.resolve(handle)) == contents(module)
