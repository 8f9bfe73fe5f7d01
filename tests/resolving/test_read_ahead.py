"""Archives over slow connections: the rest comes over several at the same time, whatever the server does."""

from __future__ import annotations

import re

import pytest
from kaggle_server import KaggleServer, tar_gz
from loopback import Answer, Pace
from small_modules import files_in, small_module

import tensorflow_hub as hub

HANDLE = "kaggle://acme/words/tensorFlow2/small/1"
# More files than come singly: an archive of 20 MB, which deflate does not shrink.
FILES = {**small_module(size=20_000_000), **{f"assets/{number:03}.txt": b"x" for number in range(60)}}
ARCHIVE = tar_gz(FILES)
PART = re.compile(r"bytes=(\d+)-\d+")


@pytest.fixture
def storage(monkeypatch):
    """The storage behind Kaggle, with the archive, on a slow link."""
    kaggle = KaggleServer()
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", kaggle.url)
    kaggle.publish(HANDLE.removeprefix("kaggle://"), FILES, bundle=ARCHIVE)
    # So slow that a busy machine, too, waits for the link more than half of the time.
    kaggle.storage.server.pace = Pace(latency=0.01, rate=2e6)
    yield kaggle.storage
    kaggle.close()


def parts(storage):
    """The parts that were asked for, by their first byte."""
    asked = (request.headers.get("range", "") for request in storage.server.requests)
    return [int(found[1]) for text in asked if (found := PART.fullmatch(text))]


def cut_off(answer, count):
    return Answer(answer.status, answer.body, answer.headers, answer.start, answer.end, cut=count)


def test_the_rest_of_an_archive_comes_in_parts_over_a_slow_link(storage):
    assert files_in(hub.resolve(HANDLE)) == FILES
    starts = parts(storage)
    assert sorted(starts) == list(range(min(starts), len(ARCHIVE), 1 << 19))
    assert min(starts) < 10_000_000


def test_an_archive_comes_over_one_connection_where_no_more_are_allowed(storage, monkeypatch):
    monkeypatch.setenv("TFHUB_CONNECTIONS", "1")
    assert files_in(hub.resolve(HANDLE)) == FILES
    assert parts(storage) == []


@pytest.mark.parametrize("number", [0, 3, 12])
def test_a_part_that_breaks_is_requested_again(storage, number):
    broken = []

    def interfere(request):
        if not broken and PART.fullmatch(request.headers.get("range", "")) and len(parts(storage)) > number:
            broken.append(request)
            return cut_off(storage.server.answer_to(request), 300_000)
        return None

    storage.server.interfere = interfere
    assert files_in(hub.resolve(HANDLE)) == FILES
    assert len(broken) == 1


def test_an_address_that_runs_out_between_parts_is_requested_again(storage):
    expired = []

    def interfere(request):
        if not expired and len(parts(storage)) > 8:
            expired.append(request)
            storage.expire()

    storage.server.interfere = interfere
    assert files_in(hub.resolve(HANDLE)) == FILES
    assert len(expired) == 1


def test_a_server_that_promises_parts_and_sends_all_is_read_as_it_sends(storage):
    storage.server.interfere = lambda request: (
        Answer(200, ARCHIVE, {"Accept-Ranges": "bytes", "ETag": '"same"'})
        if request.headers.get("range") or request.path.endswith("/bundle")
        else None
    )
    assert files_in(hub.resolve(HANDLE)) == FILES


def test_an_archive_that_is_replaced_between_parts_is_fetched_again(storage, caplog):
    files = {**FILES, "assets/000.txt": b"another"}
    replaced = []

    def interfere(request):
        if not replaced and len(parts(storage)) > 3:
            replaced.append(request)
            name = request.path.removeprefix("/")
            storage.put(name, tar_gz(files))

    storage.server.interfere = interfere
    assert files_in(hub.resolve(HANDLE)) == files
    assert "Starting over" in caplog.text
