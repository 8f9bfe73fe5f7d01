"""Sessions over real sockets: tokens, redirects, proxies, certificates, retries."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from patience import PATIENCE

from tensorflow_hub import errors
from tensorflow_hub.handles import UrlHandle
from tensorflow_hub.network.answers import error_of_failure
from tensorflow_hub.network.credentials import credentials_path, read_tokens, token_for, write_token
from tensorflow_hub.network.retry import RetryPolicy, parse_retry_after
from tensorflow_hub.network.session import open_session
from tensorflow_hub.settings import Settings


class Server:
    """Answers by a function; keeps the requests."""

    def __init__(self, answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append((self.path, dict(self.headers.items())))
                status, body, headers = answer(self.path, dict(self.headers.items()), len(outer.requests))
                self.send_response(status)
                headers = {"Content-Length": str(len(body)), **headers}
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)
                self.close_connection = headers["Content-Length"] != str(len(body))

            def log_message(self, *arguments: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address) -> None:
                pass

        self.server = Quiet((host, 0), Handler)
        self.port = self.server.server_port
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"


@pytest.fixture
def serve():
    servers = []

    def start(answer, context=None):
        servers.append(Server(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.server.shutdown()
        server.server.server_close()


def ok(path, headers, number):
    return 200, b"ok", {}


def get(url: str, settings: Settings | None = None, **options):
    with open_session(settings or Settings()) as session:
        session.policy = RetryPolicy(retries=2, base=0.01)
        return session.exchange("GET", url, **options)


def test_the_token_of_the_configured_hub_goes_there_and_nowhere_else(serve):
    hub, other = serve(ok), serve(ok)
    settings = Settings(hub=hub.url, token="s3cret")
    get(hub.url, settings)
    get(other.url, settings)
    assert hub.requests[0][1]["Authorization"] == "Bearer s3cret"
    assert "Authorization" not in other.requests[0][1]


def test_a_token_from_a_file_with_a_line_break_is_sent_without(serve):
    hub = serve(ok)
    get(hub.url, Settings(hub=hub.url, token="s3cret\n"))
    assert hub.requests[0][1]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("token", ["s3cret\nX: y", "s3 cret", "s3crét"])
def test_what_can_be_no_token_is_refused_and_not_shown(serve, tmp_path, token):
    hub = serve(ok)
    with pytest.raises(
        errors.SettingsError, match="Expected a token in TFHUB_TOKEN, got a text with"
    ) as caught:
        get(hub.url, Settings(hub=hub.url, token=token))
    assert "s3" not in str(caught.value)
    settings = Settings(credentials=str(tmp_path / "tokens.json"))
    write_token(hub.url, token, settings)
    with pytest.raises(errors.SettingsError, match=r"Expected a token in the file '.*tokens\.json'"):
        get(hub.url, settings)
    assert not hub.requests


def test_a_redirect_to_another_port_loses_the_token(serve):
    other = serve(ok)
    hub = serve(lambda path, headers, number: (302, b"", {"Location": f"{other.url}/blob"}))
    get(hub.url, Settings(hub=hub.url, token="s3cret"))
    assert hub.requests[0][1]["Authorization"] == "Bearer s3cret"
    assert "Authorization" not in other.requests[0][1]


def test_netrc_is_heeded_and_stays_with_its_host(serve, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    hub = serve(ok)
    get(hub.url)
    assert hub.requests[0][1]["Authorization"].startswith("Basic ")
    away = f"http://localhost:{hub.port}/blob"
    leads_away = serve(lambda path, headers, number: (302, b"", {"Location": away}))
    get(leads_away.url)
    assert leads_away.requests[0][1]["Authorization"].startswith("Basic ")
    assert [("Authorization" in headers) for path, headers in hub.requests] == [True, False]


def test_no_token_crosses_the_network_in_the_clear_when_the_hub_has_https(serve, monkeypatch):
    monkeypatch.setattr("tensorflow_hub.network.session._LOOPBACK", frozenset())
    hub = serve(ok)
    settings = Settings(hub=f"https://127.0.0.1:{hub.port}", token="s3cret")
    get(hub.url, settings)
    assert "Authorization" not in hub.requests[0][1]


def test_a_proxy_from_the_environment_is_used(serve, monkeypatch):
    proxy = serve(lambda path, headers, number: (200, path.encode(), {}))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert get("http://hub.example/acme/text/1").text == "http://hub.example/acme/text/1"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(errors.UnreachableError, match="proxy on the way to hub.example does not answer"):
        get("http://hub.example/")


@pytest.mark.parametrize("proxy", ["http://", "ftp://127.0.0.1:9", "http://me:s3cret@[::1", "http://h:99999"])
def test_a_proxy_that_is_none_is_explained(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    said = r"a proxy for hub.example that cannot be used\. Expected http://proxy:port in HTTP_PROXY"
    with pytest.raises(errors.SettingsError, match=said) as caught:
        get("http://hub.example/acme/text/1")
    assert "s3cret" not in str(caught.value)


def test_what_a_socks_proxy_needs_is_said(monkeypatch):
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    failure = requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")
    assert "pip install 'requests[socks]'" in str(error_of_failure(failure, "http://hub.example/acme/text/1"))


def test_hosts_in_no_proxy_are_reached_directly(serve, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "hub.example,127.0.0.1")
    assert get(serve(ok).url).text == "ok"


def test_a_proxy_that_wants_a_password_is_explained(serve, monkeypatch):
    proxy = serve(lambda path, headers, number: (407, b"", {}))
    monkeypatch.setenv("http_proxy", proxy.url)
    with pytest.raises(errors.UnreachableError, match=r"wants a name and a password \(407\)"):
        get("http://hub.example/")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.RequestError),
        (401, errors.AuthenticationError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.NotFoundError),
        (429, errors.LimitError),
        (500, errors.UnreachableError),
        (503, errors.UnreachableError),
    ],
)
def test_each_refusal_is_an_error_with_what_the_hub_says(serve, status, kind):
    body = b'{"error": {"code": "x", "message": "The hub\'s own words.", "hint": "Do that."}}'
    hub = serve(lambda path, headers, number: (status, body, {"Content-Type": "application/json"}))
    with pytest.raises(kind, match=r"^The hub's own words\. Do that\.$"):
        get(f"{hub.url}/acme/text/1")


def test_the_words_of_a_server_that_is_no_hub_are_explained(serve):
    body = b'{"error": {"code": 404, "message": "Not Found"}}'
    store = serve(lambda path, headers, number: (404, body, {"Content-Type": "application/json"}))
    with pytest.raises(
        errors.NotFoundError, match=r"Nothing is published at .* \(.* 404\)\. It says: Not Found"
    ):
        get(f"{store.url}/acme/text/1")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": 3}', b'{"error": {"message": 7}}', b"\xff"]
)
def test_a_refusal_without_a_document_is_an_error_too(serve, body):
    hub = serve(lambda path, headers, number: (404, body, {}))
    with pytest.raises(errors.NotFoundError, match="Nothing is published"):
        get(f"{hub.url}/x")


def test_retry_after_is_honoured(serve):
    hub = serve(
        lambda path, headers, number: (503, b"", {"Retry-After": "1"}) if number == 1 else (200, b"ok", {})
    )
    started = time.monotonic()
    assert get(hub.url).text == "ok"
    assert time.monotonic() - started >= 1, "of its own accord it waits for 0.01 s"


def test_a_wait_is_announced_once_a_session(serve, caplog):
    hub = serve(lambda path, headers, number: (502, b"", {}) if number % 2 else (200, b"ok", {}))
    with open_session(Settings()) as session:
        session.exchange("GET", hub.url)
        session.exchange("GET", hub.url)
    [line] = [record for record in caplog.records if record.levelname == "WARNING"]
    host = hub.url.removeprefix("http://")
    said = re.fullmatch(rf"{host} does not answer; trying again for up to (\d+) s\.", line.message)
    assert int(said[1]) >= 16, "and what the first answer took, five times"


def test_too_long_a_retry_after_is_not_waited_for(serve):
    hub = serve(lambda path, headers, number: (429, b"", {"Retry-After": "86400"}))
    with pytest.raises(errors.LimitError, match=r"asks to slow down .*to wait 86,400 s; we wait 300 s"):
        get(hub.url)
    assert len(hub.requests) == 1


def test_what_is_not_idempotent_is_not_repeated(serve):
    hub = serve(lambda path, headers, number: (500, b"", {}))
    with pytest.raises(errors.UnreachableError, match="status 500"):
        get(hub.url, idempotent=False)
    assert len(hub.requests) == 1


def test_a_redirect_from_https_to_http_is_refused(serve, certificates):
    plain = serve(ok)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    hub = serve(
        lambda path, headers, number: (302, b"", {"Location": f"{plain.url}/blob?signature=x"}), context
    )
    with pytest.raises(errors.DownloadError, match=r"redirects from https to 'http://127.0.0.1:\d+/blob'"):
        get(hub.url, Settings(ca_bundle=str(certificates / "ca.pem")))
    assert not plain.requests


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1", "//a:x/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(serve, target):
    hub = serve(lambda path, headers, number: (302, b"", {"Location": target}))
    said = rf"127.0.0.1:{hub.port} redirects to '{re.escape(target)}', which is no address on the web"
    with pytest.raises(errors.DownloadError, match=said):
        get(hub.url)


def test_what_a_server_says_does_not_act_on_a_terminal(serve):
    body = b'{"error": {"message": "no\\u001b]0;title\\u0007", "suggestions": ["\\u001b[31m"]}}'
    hub = serve(lambda path, headers, number: (404, body, {}))
    with pytest.raises(errors.NotFoundError, match=r"It says: no \]0;title") as caught:
        get(hub.url)
    assert "\x1b" not in str(caught.value)
    problem = error_of_failure(requests.exceptions.ConnectionError("SSH-2.0\x1b[31m\r\n"), hub.url)
    assert problem.problem.endswith("): SSH-2.0 [31m.")


def test_a_body_is_read_up_to_its_limit(serve):
    body, headers = gzip.compress(bytes(10_000)), {"Content-Encoding": "gzip"}
    hub = serve(lambda path, asked, number: (200, body, headers))
    assert get(hub.url, largest=10_000).content == bytes(10_000)
    with pytest.raises(errors.RequestError, match=r"Expected at most 9,999 bytes from http://127.0.0.1:\d+"):
        get(hub.url, largest=9_999)


def test_a_body_that_breaks_off_is_asked_for_again(serve):
    def answer(path, headers, number):
        return 200, b"whole", {} if number > 2 else {"Content-Length": "9"}  # the client counts the last one

    hub = serve(answer)
    assert get(hub.url).content == b"whole"
    assert len(hub.requests) == 3
    with pytest.raises(errors.UnreachableError, match="closed the connection before its answer was complete"):
        get(serve(answer).url, idempotent=False)


def test_the_endless_body_of_a_redirect_is_not_read(serve):
    def answer(path, headers, number):
        if path == "/end":
            return 200, b"ok", {}
        return 302, bytes(1 << 20), {"Location": "/end", "Content-Length": str(1 << 40)}

    hub = serve(answer)
    assert get(hub.url, Settings(retries=0)).content == b"ok"


def test_redirects_in_circles_end(serve):
    hub = serve(lambda path, headers, number: (302, b"", {"Location": "/again"}))
    with pytest.raises(errors.DownloadError, match="redirects in circles"):
        get(hub.url)


def test_a_hub_that_is_not_there_is_reported_soon(caplog):
    caplog.set_level("DEBUG", "tensorflow_hub")
    said = r"127.0.0.1:9 cannot be reached .*Connection refused"
    with open_session(Settings()) as session, pytest.raises(errors.UnreachableError, match=said):
        session.exchange("GET", "http://127.0.0.1:9/acme/text/1", policy=RetryPolicy(retries=50, base=0.01))
    assert caplog.text.count("before trying again") == RetryPolicy.connect_retries == 2
    caplog.clear()
    with (
        open_session(Settings()) as session,
        pytest.raises(errors.UnreachableError, match="no-such-host.invalid cannot be reached"),
    ):
        session.exchange("GET", "http://no-such-host.invalid/", policy=RetryPolicy(retries=50, base=0.01))
    assert caplog.text.count("before trying again") == RetryPolicy.connect_retries


def test_a_hub_that_is_not_there_is_announced_on_the_command_line():
    command = [sys.executable, "-m", "tensorflow_hub", "search", "text", "--hub", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    first, *rest = done.stderr.splitlines()
    assert re.fullmatch(r"127\.0\.0\.1:9 does not answer; trying again for up to \d+ s\.", first)
    assert rest[0].startswith("error: 127.0.0.1:9 cannot be reached")


def test_a_silent_server_is_given_up(serve):
    given_up = threading.Event()

    def answer(path, headers, number):
        given_up.wait(PATIENCE)
        return 200, b"", {}

    hub = serve(answer)
    with pytest.raises(errors.UnreachableError, match="did not answer in time"):
        get(hub.url, Settings(read_timeout=0.2, retries=0))
    given_up.set()


def test_retry_after_is_read_in_both_forms():
    now = datetime.datetime(2026, 11, 20, 8, 0, 0, tzinfo=datetime.timezone.utc)
    assert parse_retry_after("Fri, 20 Nov 2026 08:00:30 GMT", now) == 30
    assert parse_retry_after("Fri, 20 Nov 2020 08:00:30 GMT", now) == 0
    assert parse_retry_after("7") == 7
    assert [parse_retry_after(text) for text in (None, "", "-1", "soon", "Fri, 99 Nov")] == [None] * 5


def test_pauses_grow_differ_and_end():
    policy = RetryPolicy()
    assert 0.25 <= policy.pause(0) <= 0.5
    assert 15 <= policy.pause(20) <= 30
    assert len({policy.pause(3) for _ in range(20)}) > 1


def test_tokens_are_kept_for_the_owner_only(tmp_path):
    settings = Settings(credentials=str(tmp_path / "deep" / "credentials.json"))
    write_token("https://Hub.example", "one", settings)
    write_token("http://127.0.0.1:8500", "two", settings)
    path = Path(credentials_path(settings))
    assert path.stat().st_mode & 0o777 == 0o600
    assert token_for("https://hub.example/acme/text/1", settings) == "one"
    assert token_for("http://hub.example/", settings) is None
    assert token_for("https://hub.example:8443/", settings) is None
    write_token("https://hub.example", None, settings)
    assert dict(read_tokens(settings)) == {"127.0.0.1:8500": "two"}
    assert [file.name for file in path.parent.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tokens": 3}', '{"tokens": {"a": 1}}'])
def test_a_broken_credentials_file_is_explained(tmp_path, text):
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(errors.SettingsError, match="it is not a file of tokens"):
        read_tokens(Settings(credentials=str(path)))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority of its own, a certificate of 127.0.0.1 and one of a client."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", "/CN=test authority", "-days", "2"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", *usage)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    for name in ("server", "client"):
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "2", "-extfile", "names")  # fmt: skip
    return folder


@pytest.fixture
def secure(serve, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    return serve(ok, context)


def test_an_unknown_authority_is_refused_and_the_hint_says_what_to_set(secure):
    with pytest.raises(errors.UnreachableError, match=r"is not trusted: .*TFHUB_CA_BUNDLE"):
        get(secure.url)


def test_a_certificate_bundle_is_used(secure, certificates, monkeypatch):
    assert get(secure.url, Settings(ca_bundle=str(certificates / "ca.pem"))).text == "ok"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "ca.pem"))
    assert get(secure.url).text == "ok"


def test_nothing_is_sent_offline(serve):
    hub = serve(ok)
    with pytest.raises(errors.OfflineError, match=rf"Asking 127.0.0.1:{hub.port} needs the network"):
        get(hub.url, Settings(offline=True))
    assert not hub.requests


def test_a_server_without_tls_is_said_to_have_none(serve):
    with pytest.raises(errors.UnreachableError, match=r"does not speak TLS .*Is it http://127.0.0.1:\d+\?"):
        get(serve(ok).url.replace("http:", "https:"))


@pytest.fixture
def tunnel():
    """A proxy that knows CONNECT; keeps the lines of the requests it saw."""
    seen: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline())
            while self.rfile.readline().strip():
                pass
            host, _, port = seen[-1].split()[1].partition(b":")
            with socket.create_connection((host.decode(), int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pass_on, args=(there, self.connection), daemon=True)
                back.start()
                pass_on(self.connection, there)
                back.join(5)

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    class Proxy(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Proxy(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


def test_https_goes_through_a_proxy_that_sees_only_the_host(secure, certificates, tunnel, monkeypatch):
    proxy, seen = tunnel
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    settings = Settings(ca_bundle=str(certificates / "ca.pem"), hub=secure.url, token="s3cret")
    assert get(f"{secure.url}/acme/text/1", settings).text == "ok"
    assert [line.split()[:2] for line in seen] == [[b"CONNECT", f"127.0.0.1:{secure.port}".encode()]]
    assert secure.requests[0][1]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("407 Proxy Authentication Required", "http://name:password@proxy:port"),
        ("403 Forbidden", "Check HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_does_not_lead_to_a_host_says_so_once(monkeypatch, status, hint):
    seen = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline())
            while self.rfile.readline().strip():
                pass
            self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
        said = rf"The proxy on the way to hub.example refuses to lead there: {status}\. .*{hint}"
        with pytest.raises(errors.UnreachableError, match=said):
            get("https://hub.example/acme/text/1")
        proxy.shutdown()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("setting", "name"), [("client_cert", "TFHUB_CLIENT_CERT"), ("ca_bundle", "TFHUB_CA_BUNDLE")]
)
def test_a_file_that_is_no_certificate_is_named(secure, tmp_path, setting, name):
    (tmp_path / "notes.txt").write_text("not a certificate")
    with pytest.raises(errors.SettingsError, match=rf"{name} names .*notes.txt'.* not a PEM file"):
        get(secure.url, Settings(**{setting: str(tmp_path / "notes.txt")}))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_requests_would_take_is_named(secure, serve, monkeypatch, variable):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, "/no/such.pem")
    with pytest.raises(
        errors.SettingsError, match=rf"{variable}.* names the file '/no/such.pem', which does not exist"
    ):
        get(secure.url)
    assert get(serve(ok).url).text == "ok"


def test_validation_can_be_switched_off(secure):
    assert get(secure.url, Settings(disable_cert_validation=True)).text == "ok"


def test_a_client_certificate_is_shown(serve, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(ok, context)
    ca, pair = str(certificates / "ca.pem"), f"{certificates / 'client.pem'},{certificates / 'client.key'}"
    assert get(server.url, Settings(ca_bundle=ca, client_cert=pair)).text == "ok"
    with pytest.raises(errors.UnreachableError, match="127.0.0.1"):
        get(server.url, Settings(ca_bundle=ca, retries=0))


def test_files_that_are_not_there_are_named():
    with pytest.raises(errors.SettingsError, match="TFHUB_CLIENT_CERT names the file '/no/such.pem'"):
        get("https://127.0.0.1:9/", Settings(client_cert="/no/such.pem"))
    with pytest.raises(errors.SettingsError, match="TFHUB_CA_BUNDLE names the file '/no/such.pem'"):
        get("https://127.0.0.1:9/", Settings(ca_bundle="/no/such.pem"))


@pytest.mark.parametrize("kind", [requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError])
def test_a_message_repeats_neither_passwords_nor_signatures(kind):
    problem = error_of_failure(kind("broken"), "https://me:secret@store.example/a?X-Amz-Signature=secret")
    assert "store.example/a)" in problem.problem
    assert "secret" not in str(problem)


def test_a_version_beyond_all_numbers_is_none():
    assert UrlHandle("https://hub.example/acme/text/" + "9" * 5000).version is None
