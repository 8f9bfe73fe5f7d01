"""Handles in object stores and a cache in one, over the S3 protocol on loopback."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
import urllib.parse
import xml.sax.saxutils
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from archived_modules import contents, make_module, tar_gz
from hub_server import send_status
from patience import PATIENCE

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory

from .test_interrupts import interrupted

pytest.importorskip("obstore")


class Bucket:
    """What of S3 is needed: list, get with a range, head, put; path-style, unsigned."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests = 0
        self.on_get = lambda key: None
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                bucket.requests += 1
                parts = urllib.parse.urlsplit(self.path)
                key = urllib.parse.unquote(parts.path).removeprefix("/bucket").lstrip("/")
                query = dict(urllib.parse.parse_qsl(parts.query))
                if "list-type" in query:
                    bucket.answer(self, 200, bucket.listing(query.get("prefix", "")))
                elif key not in bucket.objects:
                    bucket.answer(self, 404, b"")
                else:
                    content = bucket.objects[key]
                    bucket.on_get(key)
                    span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                    extra = {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}
                    if span:
                        start, end = int(span[1]), min(int(span[2]) + 1, len(content))
                        extra["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
                        content = content[start:end]
                    bucket.answer(self, 206 if span else 200, content, **extra)

            do_HEAD = do_GET

            def do_PUT(self) -> None:
                key = urllib.parse.unquote(self.path.partition("?")[0]).removeprefix("/bucket/")
                bucket.objects[key] = self.rfile.read(int(self.headers["Content-Length"]))
                bucket.answer(self, 200, b"", ETag='"x"')

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request, status, content, **headers) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.send_header("Last-Modified", "Fri, 20 Nov 2026 08:00:00 GMT")
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def listing(self, prefix: str) -> bytes:
        rows = "".join(
            f"<Contents><Key>{xml.sax.saxutils.escape(key)}</Key><Size>{len(content)}</Size>"
            f"<LastModified>2026-11-20T08:00:00.000Z</LastModified>"
            f'<ETag>"{hashlib.md5(content).hexdigest()}"</ETag></Contents>'
            for key, content in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()

    def put_directory(self, prefix: str, directory) -> None:
        for path, content in contents(directory).items():
            self.objects[f"{prefix}/{path}"] = content


@pytest.fixture
def bucket(monkeypatch):
    server = Bucket()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_a_directory_is_fetched_again_when_it_changed(bucket, module, tmp_path, monkeypatch):
    bucket.put_directory("models/text", module)
    bucket.put_directory("models/text-other", module)
    first = hub_library.resolve("s3://bucket/models/text")
    assert contents(first) == contents(module)
    assert hub_library.resolve("s3://bucket/models/text/") != ""
    assert hub_library.resolve("s3://bucket/models/text") == first
    bucket.objects["models/text/assets/new"] = b"new"
    second = hub_library.resolve("s3://bucket/models/text")
    assert contents(second) == {**contents(module), "assets/new": b"new"}
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    before = bucket.requests
    assert hub_library.resolve("s3://bucket/models/text") == second
    assert bucket.requests == before


def test_a_versioned_directory_is_looked_at_once(bucket, module):
    bucket.put_directory("models/text/1", module)
    path = hub_library.resolve("s3://bucket/models/text/1")
    before = bucket.requests
    assert hub_library.resolve("s3://bucket/models/text/1") == path
    assert bucket.requests == before


def test_an_archive(bucket, module):
    bucket.objects["a/module.tar.gz"] = tar_gz(module)
    assert contents(hub_library.resolve("s3://bucket/a/module.tar.gz")) == contents(module)


def test_google_cloud_storage(bucket, module, monkeypatch):
    monkeypatch.setenv("GOOGLE_BASE_URL", bucket.url)
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    bucket.put_directory("models/text/1", module)
    bucket.objects["text.tar.gz"] = tar_gz(module)
    for handle in ("gs://bucket/models/text/1", "gs://bucket/text.tar.gz"):
        assert contents(hub_library.resolve(handle)) == contents(module)


def test_a_directory_that_changes_while_it_is_read_is_refused(bucket, module):
    bucket.put_directory("models/text/1", module)
    states = itertools.count()
    bucket.on_get = lambda key: bucket.objects.update({"models/text/1/saved_model.pb": b"%d" % next(states)})
    with pytest.raises(errors.DownloadError, match="'s3://bucket/models/text/1' changed while it was read"):
        hub_library.resolve("s3://bucket/models/text/1")
    bucket.on_get = lambda key: None
    path = hub_library.resolve("s3://bucket/models/text/1")
    assert contents(path)["saved_model.pb"] == bucket.objects["models/text/1/saved_model.pb"]


def test_a_silent_store_does_not_keep_a_program_that_was_interrupted(bucket, module):
    bucket.put_directory("models/text/1", module)
    stalled, go_on = threading.Event(), threading.Event()

    def stop_sending(key):
        stalled.set()
        go_on.wait(2 * PATIENCE)

    bucket.on_get = stop_sending
    try:
        assert "error: Interrupted." in interrupted("s3://bucket/models/text/1", stalled)
    finally:
        bucket.on_get = lambda key: None
        go_on.set()
    assert contents(hub_library.resolve("s3://bucket/models/text/1")) == contents(module)


def test_what_is_not_there(bucket):
    with pytest.raises(errors.NotFoundError, match="There is nothing at 's3://bucket/none'"):
        hub_library.resolve("s3://bucket/none")


def test_names_that_leave_the_directory_are_refused(bucket):
    bucket.objects["m/saved_model.pb"] = b"x"
    bucket.objects["m/a\\b"] = b"x"
    with pytest.raises(errors.ArchiveError, match="backslash"):
        hub_library.resolve("s3://bucket/m")


@pytest.mark.parametrize("load_format", ["AUTO", "UNCOMPRESSED"])
def test_a_hub_that_names_the_directory(bucket, hub, module, monkeypatch, load_format):
    bucket.put_directory("unpacked/abc", module)
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", load_format)

    def behave(request, number):
        if "tf-hub-format=uncompressed" in request.path:
            send_status(request, 303, b"s3://bucket/unpacked/abc", Location="s3://bucket/unpacked/abc")
            return True
        return False

    hub.behave = behave
    assert contents(hub_library.resolve(f"{hub.url}/acme/text/1")) == contents(module)


def test_a_hub_that_has_no_directory_names_the_setting(hub, monkeypatch):
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "UNCOMPRESSED")
    body = b'{"error": {"code": "not_offered", "message": "Not in this form.", "hint": "As an archive."}}'
    hub.behave = lambda request, number: send_status(request, 406, body) or True
    with pytest.raises(errors.RequestError, match="As an archive; TFHUB_MODEL_LOAD_FORMAT=AUTO takes what"):
        hub_library.resolve(f"{hub.url}/acme/text/1")


def test_a_cache_in_an_object_store_is_shared(bucket, hub, tmp_path, monkeypatch):
    module = make_module(tmp_path / "small", megabytes=1)  # larger ones are put in parts
    monkeypatch.setenv("TFHUB_CACHE_DIR", "s3://bucket/cache")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "one"))
    handle = hub.publish("acme/text/1", module)
    assert contents(hub_library.resolve(handle)) == contents(module)
    asked = len(hub.requests)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "two"))
    path = hub_library.resolve(handle)
    assert path.startswith(str(tmp_path / "two"))
    assert contents(path) == contents(module)
    assert len(hub.requests) == asked
    for key in bucket.objects:
        if key.endswith("saved_model.pb"):
            bucket.objects[key] = b"x" * len(bucket.objects[key])
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "three"))
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert len(hub.requests) > asked


def test_a_store_without_credentials_says_which_to_set(bucket):
    from obstore.exceptions import GenericError

    def raise_credentials_error() -> None:
        raise GenericError("Error performing PUT http://169.254.169.254/latest/api/token in 4.8 ms")

    with pytest.raises(
        errors.AuthenticationError, match=r"no credentials for 's3://bucket/x'.* AWS_SKIP_SIGNATURE"
    ):
        RemoteDirectory("s3://bucket/x")._call(raise_credentials_error)


def test_without_obstore_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "obstore", None)
    with pytest.raises(errors.MissingDependencyError, match=r"tensorflow-hub\[cloud\]"):
        hub_library.resolve("gs://bucket/x")
