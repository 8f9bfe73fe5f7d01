"""Authorities, certificates of clients, and what is said when they do not fit."""

from __future__ import annotations

import os
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


# What names authorities besides our own setting: that it is a file, or a folder.
VARIABLES = {
    "REQUESTS_CA_BUNDLE": "ca.pem",
    "CURL_CA_BUNDLE": "ca.pem",
    "SSL_CERT_FILE": "ca.pem",
    "SSL_CERT_DIR": "authorities",
}


@pytest.fixture(autouse=True)
def _no_authorities_of_the_machine(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("name", ["ca.pem", "authorities"])
def test_the_setting_names_all_that_is_trusted(secure, certificates, monkeypatch, name):
    assert get(secure.url, Settings(ca_bundle=str(certificates / name))).text == "ok"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    with pytest.raises(errors.UnreachableError, match="is not trusted"):
        get(secure.url, Settings(ca_bundle=str(certificates / "other.pem")))


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables_of_other_programs_name_authorities(secure, certificates, monkeypatch, variable):
    monkeypatch.setenv(variable, str(certificates / VARIABLES[variable]))
    assert get(secure.url).text == "ok"


@pytest.mark.parametrize("other", VARIABLES)
@pytest.mark.parametrize("variable", VARIABLES)
def test_the_authorities_of_all_variables_are_trusted(secure, certificates, monkeypatch, variable, other):
    monkeypatch.setenv(other, str(certificates / "other.pem"))
    monkeypatch.setenv(variable, str(certificates / VARIABLES[variable]))
    assert get(secure.url).text == "ok"


def test_existing_folders_of_a_list_are_used(secure, certificates, monkeypatch):
    folders = ["/no/such/folder", "", str(certificates / "authorities")]
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(folders))
    assert get(secure.url).text == "ok"


def test_a_redirect_to_https_meets_the_same_authorities(serve, secure, certificates, monkeypatch):
    leads_there = serve(lambda path, headers, number: (302, b"", {"Location": secure.url}))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    assert get(leads_there.url).text == "ok"


def test_a_program_whose_authorities_the_official_client_takes_works(secure, certificates, monkeypatch):
    """The store that the system itself uses is trusted: OpenSSL's, where Python reads it."""
    monkeypatch.setattr(
        "ssl.SSLContext.set_default_verify_paths",
        lambda context: context.load_verify_locations(certificates / "ca.pem"),
    )
    assert get(secure.url).text == "ok"


def test_a_server_without_tls_is_reported(serve):
    with pytest.raises(errors.UnreachableError, match=r"does not speak TLS .*Is it http://127.0.0.1:\d+\?"):
        get(serve(ok).url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("setting", "name"), [("client_cert", "TFHUB_CLIENT_CERT"), ("ca_bundle", "TFHUB_CA_BUNDLE")]
)
def test_a_file_without_a_certificate_is_named(secure, tmp_path, setting, name):
    (tmp_path / "notes.txt").write_text("not a certificate")
    with pytest.raises(errors.SettingsError, match=rf"{name} names .*notes.txt'.* not a PEM file"):
        get(secure.url, Settings(**{setting: str(tmp_path / "notes.txt")}))


@pytest.mark.parametrize("variable", VARIABLES)
def test_authorities_that_are_not_there_are_named(secure, serve, monkeypatch, variable):
    monkeypatch.setenv(variable, "/no/such")
    with pytest.raises(errors.SettingsError, match=rf"{variable} names '/no/such', which does not exist"):
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
    with pytest.raises(errors.SettingsError, match="TFHUB_CLIENT_CERT names '/no/such.pem'"):
        get("https://127.0.0.1:9/", Settings(client_cert="/no/such.pem"))
    with pytest.raises(errors.SettingsError, match="TFHUB_CA_BUNDLE names '/no/such.pem'"):
        get("https://127.0.0.1:9/", Settings(ca_bundle="/no/such.pem"))
