"""A bank of faults that pass: each happens once, and the download comes out right nevertheless."""

from __future__ import annotations

import dataclasses
import itertools
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from archived_modules import contents, make_module
from hub_server import HubServer, close_connection, send_status
from patience import PATIENCE

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.settings import Settings

Answer = Callable[[HubServer, BaseHTTPRequestHandler], object]
NAME = "/acme/text/1"
PART = 1_500_000  # bytes that come before a connection breaks
over = threading.Event()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(
        "tensorflow_hub.network.retry.RetryPolicy.pause", lambda self, attempt, asked=None: asked or 0.01
    )
    monkeypatch.setenv("TFHUB_READ_TIMEOUT", "1")
    over.clear()
    yield
    over.set()


def close(hub, request):
    close_connection(request)


def cut(hub, request):
    hub.send(request, limit=PART)


def stall(hub, request):
    hub.send(request, limit=PART, then=lambda request: over.wait(PATIENCE))


def say_nothing(hub, request):
    over.wait(PATIENCE)


def trickle(hub, request):
    content = hub.files[NAME][0]
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    for at in itertools.count():
        request.wfile.write(content[at : at + 1])
        if over.wait(0.05):
            break


def status(code, **headers):
    return lambda hub, request: send_status(request, code, **headers)


def page(hub, request):
    send_status(request, 200, b"<html>Log in", Content_Type="text/html")


def ignore_the_range(hub, request):
    del request.headers["Range"]
    hub.send(request)


def another_range(hub, request):
    send_status(request, 206, b"x" * 100, Content_Range="bytes 7-106/107")


def several_ranges(hub, request):
    send_status(request, 206, b"--x\r\n", Content_Type="multipart/byteranges; boundary=x")


def a_wrong_byte(hub, request):
    content, headers = hub.files[NAME]
    middle = len(content) // 2
    hub.files["/damaged"] = (content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], headers)
    request.path = "/damaged"
    hub.send(request)


def without(*names):
    """The right head but for some fields, and the connection breaks."""

    def answer(hub, request):
        content, headers = hub.files[NAME]
        request.send_response(200)
        for key, value in {"Accept-Ranges": "bytes", "Content-Length": str(len(content)), **headers}.items():
            if key not in names:
                request.send_header(key, value)
        request.end_headers()
        request.wfile.write(content[:PART])
        close_connection(request)

    return answer


def too_short(hub, request):
    send_status(request, 200, hub.files[NAME][0][:PART], Content_Type="application/gzip")


def chunks_that_break(hub, request):
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.wfile.write(b"%x\r\n" % PART + hub.files[NAME][0][:PART] + b"\r\nffff\r\n")
    close_connection(request)


def redirect(target: str, uses: int):
    """To an address in a store that is refused after some uses."""

    def answer(hub, request):
        hub.files[target] = hub.files[NAME]
        hub.behave.uses[target] = uses
        send_status(request, 302, Location=target)

    return answer


def replaced(then: Answer):
    """Answers so for the last time; from now on there is another module of this name."""

    def answer(hub, request):
        hub.files["/before"], request.path = hub.files[NAME], "/before"
        hub.right = make_module(hub.right.with_name("replaced"), megabytes=3, seed=7)
        hub.publish(NAME.strip("/"), hub.right, indexed=NAME in hub.indexes)
        then(hub, request)

    return answer


def index(change: Callable[[bytes], bytes]):
    def answer(hub, request):
        send_status(request, 200, change(hub.indexes[NAME]), Content_Type=INDEX_MEDIA_TYPE)

    return answer


def broken_index(hub, request):
    whole = hub.indexes[NAME]
    request.send_response(200)
    request.send_header("Content-Type", INDEX_MEDIA_TYPE)
    request.send_header("Content-Length", str(len(whole)))
    request.end_headers()
    request.wfile.write(whole[: len(whole) // 2])
    close_connection(request)


def with_wrong_digests(document: bytes) -> bytes:
    first = re.search(rb'"sha256": ?"([0-9a-f]{64})"', document) or re.search(rb"([0-9a-f]{64})", document)
    return document.replace(first[1], first[1][::-1])


STREAM: dict[str, tuple[Answer, ...]] = {
    "no answer": (close,),
    "503": (status(503),),
    "429, asking for a pause": (status(429, Retry_After="0"),),
    "a break": (cut,),
    "many breaks": (cut, cut, cut),
    "a server that says nothing": (say_nothing,),
    "a server that stands still": (stall,),
    "a server that trickles": (trickle,),
    "a wrong byte": (a_wrong_byte,),
    "a break, then the whole in place of the rest": (cut, ignore_the_range),
    "a break without an ETag": (without("ETag"),),
    "a break where there are no ranges": (without("Accept-Ranges", "ETag"),),
    "a break where nothing tells the length": (without("Accept-Ranges", "ETag", "Content-Length"),),
    "chunks that break": (chunks_that_break,),
    "a length that is too short": (too_short,),
    "a break, then another file": (replaced(cut),),
    "a break, then no such range": (cut, status(416)),
    "a break, then a failed condition": (cut, status(412)),
    "a break, then another range": (cut, another_range),
    "a break, then several ranges": (cut, several_ranges),
    "a break, then 500": (cut, status(500)),
    "a page in its place": (page,),
    "a redirect in circles": tuple(status(302, Location=NAME) for _ in range(11)),
    "a signed address that runs out": (redirect("/signed/1", 1), cut, redirect("/signed/2", 1)),
    "a signed address that is wrong from the start": (redirect("/signed/1", 0),),
}
INDEX: dict[str, tuple[Answer, ...]] = {
    "an index that breaks off": (broken_index,),
    "an index that is none": (index(lambda document: b"<html>"),),
    "half an index": (index(lambda document: document[: len(document) // 2]),),
    "an index with wrong digests": (index(with_wrong_digests),),
    "a page in place of the index": (page,),
}
PARTS: dict[str, tuple[Answer, ...]] = {
    "no answer": (close,),
    "a break": (cut,),
    "a part that stands still": (stall,),
    "a wrong byte": (a_wrong_byte,),
    "the whole in place of a part": (ignore_the_range,),
    "another part": (another_range,),
    "several parts in one": (several_ranges,),
    "no such part": (status(416),),
    "a page in place of a part": (page,),
    "a signed address that runs out": (redirect("/signed/1", 2), redirect("/signed/2", 99)),
    "another archive than that of the index": (replaced(close),),
}


@dataclasses.dataclass
class Faults:
    """Answers the first requests that fit by what is wrong, all others as it should be."""

    hub: HubServer
    fits: Callable[[BaseHTTPRequestHandler], bool]
    answers: list[Answer]
    uses: dict[str, int] = dataclasses.field(default_factory=dict)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def __call__(self, request: BaseHTTPRequestHandler, number: int) -> bool:
        with self.lock:
            if request.path in self.uses:
                self.uses[request.path] -= 1
                if self.uses[request.path] < 0:
                    send_status(request, 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
                    return True
            answer = self.answers.pop(0) if self.answers and self.fits(request) else None
        if answer is None:
            return False
        answer(self.hub, request)
        return True


def is_part(request) -> bool:
    return "Range" in request.headers


def wants_index(request) -> bool:
    return INDEX_MEDIA_TYPE in request.headers.get("Accept", "")


CASES = [
    *(("stream", name, lambda request: True, answers) for name, answers in STREAM.items()),
    *(("index", name, wants_index, answers) for name, answers in INDEX.items()),
    *(("parts", name, is_part, answers) for name, answers in PARTS.items()),
]


@pytest.mark.parametrize(
    ("form", "fits", "answers"),
    [pytest.param(form, fits, answers, id=f"{form}: {name}") for form, name, fits, answers in CASES],
)
def test_downloads_recover_from_temporary_faults(hub, module, form, fits, answers):
    hub.right = module
    handle = hub.publish(NAME.strip("/"), module, indexed=form != "stream")
    faults = hub.behave = Faults(hub, fits, list(answers))
    found = contents(hub_library.resolve(handle))
    assert faults.answers == []
    assert found == contents(hub.right)


@pytest.mark.parametrize(
    "case",
    [
        (a_wrong_byte, errors.ArchiveError, "", 2),
        (page, errors.ArchiveError, "got a web page", 2),
        (too_short, errors.ArchiveError, "", 2),
        (without("ETag"), errors.DownloadError, r"broke after 1,500,000 bytes", 3),
        (status(403), errors.ForbiddenError, r"\(403\)", 1),
    ],
    ids=["a wrong byte", "a page", "too short", "breaks without an ETag", "403"],
)
def test_lasting_faults_end_the_download_soon(hub, module, case):
    answer, error, said, most = case
    handle = hub.publish(NAME.strip("/"), module, indexed=False)
    hub.behave = lambda request, number: answer(hub, request) or True
    with pytest.raises(error, match=said or "."):
        hub_library.resolve(handle)
    assert len(hub.requests) == most


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
@pytest.mark.parametrize("answer", [say_nothing, stall, trickle])
def test_a_standstill_ends_by_one_limit_for_all_repeats(hub, module, monkeypatch, answer, indexed):
    handle = hub.publish(NAME.strip("/"), module, indexed=indexed)
    answers = itertools.chain([answer], itertools.repeat(say_nothing))

    def behave(request, number):
        is_index = indexed and number == 1
        return not is_index and (next(answers)(hub, request) or True)

    hub.behave = behave
    monkeypatch.setenv("TFHUB_READ_TIMEOUT", "0.5")
    monkeypatch.setenv("TFHUB_STALL_TIMEOUT", "2")
    monkeypatch.setenv("TFHUB_CONNECTIONS", "1")
    monkeypatch.setenv("TFHUB_RETRIES", "50")
    said = r"did not answer in time: there was no progress for 2 s; [\d,]+( of [\d,]+)? bytes had come\."
    with pytest.raises(errors.UnreachableError, match=said) as caught:
        hub_library.resolve(handle)
    assert ("1,500,000 of" in str(caught.value)) == (answer is stall)
    assert len(hub.requests) <= 8, "patience doubles with each: 0.5, 1 and what is left"


def test_bytes_that_came_before_are_no_progress(hub, module, monkeypatch):
    """Of a server that ignores ranges and always stands still at the same byte."""
    handle = hub.publish(NAME.strip("/"), module, indexed=False)

    def behave(request, number):
        del request.headers["Range"]
        stall(hub, request)
        return True

    hub.behave = behave
    monkeypatch.setenv("TFHUB_READ_TIMEOUT", "1")
    monkeypatch.setenv("TFHUB_STALL_TIMEOUT", "2.5")
    said = r"there was no progress for 2 s; 1,500,000 of [\d,]+ bytes had come\."
    with pytest.raises(errors.UnreachableError, match=said):
        hub_library.resolve(handle)


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
def test_the_time_of_a_whole_download_is_limited(hub, module, monkeypatch, indexed):
    handle = hub.publish(NAME.strip("/"), module, indexed=indexed)

    def slowly(request, number):
        if indexed and number == 1:
            return False
        begin, end = map(int, re.findall(r"\d+", request.headers.get("Range", "0-9000000")))
        request.send_response(206 if "Range" in request.headers else 200)
        request.send_header("Content-Length", str(end + 1 - begin))
        request.send_header("Content-Range", f"bytes {begin}-{end}/{len(hub.files[NAME][0])}")
        request.end_headers()
        for at in range(begin, end, 1 << 17):
            request.wfile.write(hub.files[NAME][0][at : min(at + (1 << 17), end + 1)])
            if over.wait(0.2):
                break
        return True

    hub.behave = slowly
    monkeypatch.setenv("TFHUB_DOWNLOAD_TIMEOUT", "1")
    said = r"did not send everything within 1 s; [\d,]+ of [\d,]+ bytes had come\. .*TFHUB_DOWNLOAD_TIMEOUT"
    with pytest.raises(errors.UnreachableError, match=said):
        hub_library.resolve(handle)


def test_a_longer_read_timeout_extends_the_stall_limit():
    assert TimeLimit(Settings(read_timeout=300.0)).stall == 300
    assert TimeLimit(Settings()).stall == 60
