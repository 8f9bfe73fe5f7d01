"""Tokens go to their host, are kept for their owner and are never shown."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tensorflow_hub import errors
from tensorflow_hub.network.credentials import credentials_path, read_tokens, token_for, write_token
from tensorflow_hub.settings import Settings

from .web_server import get, ok


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
def test_an_invalid_token_is_refused_and_not_shown(serve, tmp_path, token):
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


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    """Passwords of every host in this test, and of those without an own one."""
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login me password pw\ndefault login me password other\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))


@pytest.mark.usefixtures("netrc")
def test_netrc_is_used(serve):
    hub = serve(ok)
    get(hub.url)
    assert hub.requests[0][1]["Authorization"].startswith("Basic ")


@pytest.mark.usefixtures("netrc")
def test_netrc_is_used_along_a_redirect_within_a_server(serve):
    def answer(path, headers, number):
        return (302, b"", {"Location": "/there"}) if path == "/here" else (200, b"ok", {})

    hub = serve(answer)
    get(f"{hub.url}/here")
    assert [headers.get("Authorization", "")[:6] for path, headers in hub.requests] == ["Basic ", "Basic "]


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_password_of_netrc_goes_along_a_redirect_to_another_host_or_port(serve, host):
    other = serve(ok)
    away = f"http://{host}:{other.port}/blob"
    hub = serve(lambda path, headers, number: (302, b"", {"Location": away}))
    get(hub.url)
    assert hub.requests[0][1]["Authorization"].startswith("Basic ")
    assert "Authorization" not in other.requests[0][1]


@pytest.mark.usefixtures("netrc")
def test_no_password_of_netrc_goes_along_a_redirect_back_from_another_host(serve):
    def answer(path, headers, number):
        return (302, b"", {"Location": other.url}) if path == "/here" else (200, b"ok", {})

    hub = serve(answer)
    other = serve(lambda path, headers, number: (302, b"", {"Location": f"{hub.url}/back"}))
    get(f"{hub.url}/here")
    assert [("Authorization" in headers) for path, headers in hub.requests] == [True, False]


@pytest.mark.usefixtures("netrc")
def test_no_password_of_netrc_goes_along_a_redirect_to_another_scheme(serve, certificates):
    """A proxy makes two servers on one host and port out of one, which differ in their scheme alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    secure = serve(ok, context)
    with pytest.MonkeyPatch.context() as patch:
        proxy = serve(lambda path, headers, number: (302, b"", {"Location": f"{secure.url}/blob"}))
        patch.setenv("http_proxy", proxy.url)
        patch.setenv("NO_PROXY", "")
        patch.setenv("https_proxy", "")
        get(secure.url.replace("https:", "http:"), Settings(ca_bundle=str(certificates / "ca.pem")))
    assert proxy.requests[0][1]["Authorization"].startswith("Basic ")
    assert "Authorization" not in secure.requests[0][1]


def test_no_token_crosses_the_network_in_the_clear_when_the_hub_has_https(serve, monkeypatch):
    monkeypatch.setattr("tensorflow_hub.network.transport.LOOPBACK", frozenset())
    hub = serve(ok)
    settings = Settings(hub=f"https://127.0.0.1:{hub.port}", token="s3cret")
    get(hub.url, settings)
    assert "Authorization" not in hub.requests[0][1]


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
