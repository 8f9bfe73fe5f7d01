"""Authorities, certificates of clients, and what is said when they do not fit."""

from __future__ import annotations

import ssl

import pytest

from tensorflow_hub import errors
from tensorflow_hub.settings import Settings

from .web_server import get, ok


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


def test_an_unknown_authority_is_refused_and_the_hint_says_what_to_set(secure):
    with pytest.raises(errors.UnreachableError, match=r"is not trusted: .*TFHUB_CA_BUNDLE"):
        get(secure.url)


def test_a_certificate_bundle_is_used(secure, certificates, monkeypatch):
    assert get(secure.url, Settings(ca_bundle=str(certificates / "ca.pem"))).text == "ok"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "ca.pem"))
    assert get(secure.url).text == "ok"


def test_a_server_without_tls_is_said_to_have_none(serve):
    with pytest.raises(errors.UnreachableError, match=r"does not speak TLS .*Is it http://127.0.0.1:\d+\?"):
        get(serve(ok).url.replace("http:", "https:"))


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
