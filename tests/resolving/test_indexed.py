"""The indexed download of our own hubs: parts, resuming, sharing, misbehaving servers."""

from __future__ import annotations

import gzip
import os
import re
import threading
import time
from pathlib import Path

import pytest
from archived_modules import contents, make_module
from hub_server import close_connection, send_status
from patience import PATIENCE

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry, Segment
from tensorflow_hub.resolving.cache.layout import Cache
from tensorflow_hub.resolving.transfer.reuse import reuse_content
from tensorflow_hub.resolving.transfer.staged_segments import StagedFiles
from tensorflow_hub.settings import Settings


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(
        "tensorflow_hub.network.retry.RetryPolicy.pause", lambda self, attempt, asked=None: asked or 0.01
    )


def cache_root() -> Path:
    return Path(os.environ["TFHUB_CACHE_DIR"])


def left_over() -> list[Path]:
    return [
        path
        for path in (cache_root() / ".tfhub").rglob("*")
        if path.is_file() and "indexes" not in path.parts
    ]


def is_range(request) -> bool:
    return "Range" in request.headers


def byte_range(request) -> tuple[int, int]:
    """The first and last byte asked for; before the first byte of all where no range is."""
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
    return (int(span[1]), int(span[2])) if span else (-1, -1)


def test_the_parts_make_the_whole(hub, module):
    handle = hub.publish("acme/text/1", module)
    assert contents(hub_library.resolve(handle)) == contents(module)
    ranges = [headers["Range"] for _, headers in hub.requests if "Range" in headers]
    assert len(ranges) > 1
    assert left_over() == []


def test_equal_content_in_an_archive_is_downloaded_once(hub, tmp_path):
    module = make_module(tmp_path / "twice", megabytes=4)
    content = (module / "variables" / "variables.data-00000-of-00001").read_bytes()
    (module / "assets" / "again").write_bytes(content)
    handle = hub.publish("acme/twice/1", module)
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert hub.bytes_sent < 1.1 * len(content)


def test_equal_content_is_found_as_fast_as_different_content(tmp_path):
    def seconds(name: str, contents: int) -> float:
        files = [FileEntry(f"{n}.txt", 9, f"{n % contents:064x}") for n in range(20_000)]
        segments = (Segment(9 * n, 9, "stored", f.sha256, f.path, 0, 9) for n, f in enumerate(files))
        index = ArchiveIndex(9 * len(files), "0" * 64, tuple(files), tuple(segments))
        began = time.process_time()
        staged = StagedFiles(str(tmp_path / name), index)
        reuse_content(Cache(str(tmp_path / "cache")), "https://hub.example/acme/text/1", staged)
        assert len(staged.missing_contents()) == contents
        return time.process_time() - began

    different = seconds("different", 20_000)
    assert seconds("equal", 1) < 5 * different, "the time grows with the square of the number of equal files"


def test_a_module_of_empty_files(hub, tmp_path):
    (tmp_path / "m" / "assets").mkdir(parents=True)
    (tmp_path / "m" / "assets" / "empty").write_bytes(b"")
    handle = hub.publish("acme/empty/1", tmp_path / "m")
    assert contents(hub_library.resolve(handle)) == {"assets/empty": b""}


def test_a_server_that_serves_no_parts(hub, module):
    hub.ranges = False
    handle = hub.publish("acme/text/1", module)
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_interrupted_connections_are_continued(hub, module):
    handle = hub.publish("acme/text/1", module)
    broken = []

    def behave(request, number):
        if is_range(request) and len(broken) < 6:
            broken.append(number)
            hub.send(request, limit=1_500_000)
            return True
        return False

    hub.behave = behave
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert len(broken) == 6


def test_a_stream_that_breaks_more_often_than_is_repeated_goes_on_as_long_as_much_comes(
    hub, module, monkeypatch
):
    monkeypatch.setenv("TFHUB_RETRIES", "2")
    handle = hub.publish("acme/text/1", module, indexed=False)
    whole = len(hub.files["/acme/text/1"][0])
    asked = []

    def behave(request, number):
        asked.append(int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")))
        if whole - asked[-1] > 1_500_000:
            hub.send(request, limit=1_500_000)
            return True
        return False

    hub.behave = behave
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert asked == sorted(asked)
    assert len(asked) > 3
    hub.behave = lambda request, number: bool(hub.send(request, limit=1000)) or True
    with pytest.raises(errors.DownloadError, match=r"broke after 3,000 bytes\. .* closed the connection"):
        hub_library.resolve(hub.publish("acme/text/2", module, indexed=False))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_answers_that_say_not_now_are_waited_for(hub, module, status):
    handle = hub.publish("acme/text/1", module)

    refused = []

    def behave(request, number):
        asked = (request.path, request.headers.get("Range"))
        if asked in refused:
            return False
        refused.append(asked)
        send_status(request, status, Retry_After="0")
        return True

    hub.behave = behave
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert len(refused) > 1


def test_wrong_bytes_are_fetched_again(hub, module):
    handle = hub.publish("acme/text/1", module)
    content, headers = hub.files["/acme/text/1"]
    middle = len(content) // 2
    hub.files["/damaged"] = (content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], headers)
    spoilt = []

    def behave(request, number):
        # Only the first request for the damaged byte gets it; requests in parallel get what is right.
        start, end = byte_range(request)
        if start <= middle <= end and not spoilt:
            spoilt.append(number)
            request.path = "/damaged"
        return False

    hub.behave = behave
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert spoilt


def test_a_server_that_always_sends_wrong_bytes_is_refused(hub, module):
    handle = hub.publish("acme/text/1", module)
    content, headers = hub.files["/acme/text/1"]
    wrong = bytearray(content)
    wrong[len(content) // 2] ^= 1
    hub.files["/acme/text/1"] = (bytes(wrong), headers)
    with pytest.raises(errors.DigestError, match="in the index, got other data"):
        hub_library.resolve(handle)
    assert left_over() == []


def test_a_download_from_a_stalled_server_fails_and_keeps_its_parts(hub, module, monkeypatch):
    handle = hub.publish("acme/text/1", module)
    given_up = threading.Event()

    def behave(request, number):
        if is_range(request) and not request.headers["Range"].startswith("bytes=0-"):
            given_up.wait(PATIENCE)
            close_connection(request)
            return True
        return False

    hub.behave = behave
    with monkeypatch.context() as hurry:
        hurry.setenv("TFHUB_CONNECTIONS", "1")  # the first part has come before the second is asked for
        hurry.setenv("TFHUB_READ_TIMEOUT", "2")
        hurry.setenv("TFHUB_RETRIES", "0")
        with pytest.raises(errors.UnreachableError, match="did not answer in time"):
            hub_library.resolve(handle)
    given_up.set()
    hub.behave = lambda request, number: False
    segments = ArchiveIndex.from_json(hub.indexes["/acme/text/1"]).segments
    journals = (cache_root() / ".tfhub" / "staging").glob("*/journal")
    kept = sum(segments[int(number)].length for journal in journals for number in journal.read_text().split())
    hub.requests.clear()
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert hub.requested_bytes() < sum(segment.length for segment in segments) - kept + 100_000
    assert left_over() == []


def test_a_new_version_costs_what_changed(hub, module, tmp_path):
    hub_library.resolve(hub.publish("acme/text/1", module))
    variables = module / "variables" / "variables.data-00000-of-00001"
    changed = bytearray(variables.read_bytes())
    changed[3 << 20 : (3 << 20) + 1000] = bytes(1000)
    variables.write_bytes(changed)
    handle = hub.publish("acme/text/2", module)
    before = hub.bytes_sent
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert hub.bytes_sent - before < 0.6 * len(changed)


def test_content_that_was_spoilt_in_the_cache_is_not_shared(hub, module):
    first = hub_library.resolve(hub.publish("acme/text/1", module))
    path = Path(first) / "saved_model.pb"
    path.write_bytes(b"x" * path.stat().st_size)
    assert contents(hub_library.resolve(hub.publish("acme/text/2", module))) == contents(module)


def test_an_unversioned_handle_is_the_latest_version(hub, module, tmp_path, monkeypatch):
    one = hub.publish("acme/text/1", module)
    redirect_to = ["1"]

    def behave(request, number):
        path, _, query = request.path.partition("?")
        if path == "/acme/text":
            send_status(request, 302, Location=f"/acme/text/{redirect_to[0]}?{query}")
            return True
        return False

    hub.behave = behave
    handle = f"{hub.url}/acme/text"
    assert hub_library.resolve(handle) == hub_library.resolve(one)
    two = hub.publish("acme/text/2", make_module(tmp_path / "two", megabytes=1, seed=2))
    redirect_to[0] = "2"
    newest = hub_library.resolve(handle)
    assert newest == hub_library.resolve(two)
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub_library.resolve(handle) == newest
    monkeypatch.delenv("TFHUB_OFFLINE")
    hub.close()
    assert hub_library.resolve(handle) == newest


def test_mirrors_are_tried_in_order(hub, module, monkeypatch):
    hub.publish("google/elmo/3", module)
    monkeypatch.setenv(
        "TFHUB_MIRRORS", f"https://tfhub.dev/ -> http://127.0.0.1:9/, {hub.url}/elsewhere, {hub.url}"
    )
    path = hub_library.resolve("https://tfhub.dev/google/elmo/3")
    assert contents(path) == contents(module)
    assert path == Cache.from_settings(Settings.from_environment()).module_path(
        "https://tfhub.dev/google/elmo/3"
    )


def test_mirrors_with_wrong_answers_are_skipped(hub, module, monkeypatch, caplog):
    hub.publish("d/acme/text/1", module)

    def behave(request, number):
        if request.path.startswith("/a/"):
            send_status(request, 401)
        elif request.path.startswith("/b/"):
            send_status(request, 200, b"<html>Log in", Content_Type="text/html")
        elif request.path.startswith("/c/"):
            send_status(request, 200, gzip.compress(b"no tar" * 999))
        else:
            return False
        return True

    hub.behave = behave
    mirrors = ", ".join(f"{hub.url}/{name}/" for name in "abcd")
    monkeypatch.setenv("TFHUB_MIRRORS", f"https://old.example/ -> {mirrors}")
    assert contents(hub_library.resolve("https://old.example/acme/text/1")) == contents(module)
    passed = [record.message for record in caplog.records if "Trying the next mirror" in record.message]
    assert [text.split("/")[3] for text in passed] == ["a", "b", "c"]


def test_the_error_for_a_handle_of_tfhub_dev_says_what_to_do(hub, monkeypatch):
    monkeypatch.setenv("TFHUB_MIRRORS", f"https://tfhub.dev/ -> {hub.url}/")
    told = r"where TFHUB_MIRRORS leads\..*; or name another hub in TFHUB_MIRRORS\."
    for handle in ("https://tfhub.dev/google/elmo/3", "https://tfhub.dev/google/elmo"):
        with pytest.raises(errors.NotFoundError, match=told):
            hub_library.resolve(handle)


def test_a_locked_module_is_checked(hub, module, tmp_path, monkeypatch):
    from tensorflow_hub.resolving.lock_file import LockedModule, LockFile, write_lock_file

    handle = hub.publish("acme/text/1", module)
    lock = tmp_path / "tfhub.lock"
    write_lock_file(LockFile(str(lock), {handle: LockedModule("sha256:" + "0" * 64)}))
    monkeypatch.setenv("TFHUB_LOCKFILE", str(lock))
    with pytest.raises(errors.DigestError, match="Expected .* with the digest sha256:000"):
        hub_library.resolve(handle)
    with pytest.raises(errors.DigestError, match="is not in the lock file"):
        hub_library.resolve(f"{hub.url}/acme/text/2")
    monkeypatch.delenv("TFHUB_LOCKFILE")
    path = hub_library.resolve(handle)
    monkeypatch.setenv("TFHUB_LOCKFILE", str(lock))
    with pytest.raises(errors.DigestError, match="locked digest"):
        hub_library.resolve(handle)
    index = ArchiveIndex.from_json(hub.indexes["/acme/text/1"])
    write_lock_file(LockFile(str(lock), {handle: LockedModule(index.digest)}))
    assert hub_library.resolve(handle) == path


def test_a_full_disk_is_a_hub_error(hub, module, monkeypatch):
    import shutil

    handle = hub.publish("acme/text/1", module)
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(errors.CacheError, match="the disk is full"):
        hub_library.resolve(handle)
    assert left_over() == []
