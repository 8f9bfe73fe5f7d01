"""Proxies from the environment: used, left aside, refusing."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading

import pytest
import requests

import tensorflow_hub as hub
from tensorflow_hub import errors
from tensorflow_hub.network.answers import error_of_failure
from tensorflow_hub.settings import Settings

from .web_server import get, ok


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


def test_the_package_for_socks_proxies_is_named(monkeypatch):
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


@pytest.fixture
def tunnel():
    with open_tunnel() as opened:
        yield opened


@contextlib.contextmanager
def open_tunnel(context: ssl.SSLContext | None = None, to: int | None = None):
    """A proxy, over TLS with a `context`; leads to the port `to` of this machine whatever is asked for."""
    """A proxy that knows CONNECT; keeps the lines of the requests it saw."""
    seen: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline())
            while self.rfile.readline().strip():
                pass
            host, _, port = seen[-1].split()[1].partition(b":")
            address = ("127.0.0.1", to) if to else (host.decode(), int(port))
            with socket.create_connection(address) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=forward, args=(there, self.connection), daemon=True)
                back.start()
                forward(self.connection, there)
                back.join(5)

    def forward(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    class Proxy(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Proxy(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}", seen
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


def test_a_proxy_that_is_reached_by_https_meets_the_same_authorities(secure, certificates, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    monkeypatch.setenv("NO_PROXY", "")
    with open_tunnel(context) as (proxy, seen):
        monkeypatch.setenv("https_proxy", proxy)
        assert get(secure.url, Settings(ca_bundle=str(certificates / "ca.pem"))).text == "ok"
        assert len(seen) == 1
        said = r"The certificate of the proxy on the way to 127.0.0.1:\d+ is not trusted: .*TFHUB_CA_BUNDLE"
        with pytest.raises(errors.UnreachableError, match=said):
            get(secure.url, Settings(ca_bundle=str(certificates / "other.pem")))


def test_a_handle_of_tfhub_dev_keeps_the_advice_about_certificates(secure, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    with open_tunnel(to=secure.port) as (proxy, seen):
        monkeypatch.setenv("https_proxy", proxy)
        said = "(?s)The certificate of tfhub.dev is not trusted: .*Set TFHUB_CA_BUNDLE to the file"
        with pytest.raises(errors.UnreachableError, match=said):
            hub.resolve("https://tfhub.dev/google/elmo/3")
    assert seen[0].startswith(b"CONNECT tfhub.dev:443 ")


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
