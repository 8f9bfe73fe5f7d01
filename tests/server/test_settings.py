"""The hub's settings: variables, a TOML file, and what is said about mistakes."""

from __future__ import annotations

import dataclasses

import pytest

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import GIB, ServerSettings


def test_variables_win_over_the_file(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('port = 9000\nworkers = 3\nredirect = false\ntrusted_proxies = ["10.0.0.0/8", "::1"]\n')
    settings = ServerSettings.read(str(file), {"TFHUB_SERVER_PORT": "9001"})
    assert (settings.port, settings.workers, settings.redirect) == (9001, 3, False)
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert ServerSettings.read(environ={"TFHUB_SERVER_CONFIG": str(file)}).port == 9000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1", "unknown key 'prot'"),
        ("port = ", "Expected a readable TOML file"),
        ("port = 99999", "expected a port from 0 to 65535"),
        ('max_archive = "much"', "expected a size such as 500MB or 20GiB"),
        ("workers = 0", "expected a whole number of at least 1"),
        ("guesses_per_minute = -1", "expected a whole number of at least 0"),
    ],
)
def test_mistakes_in_the_file_are_reported(tmp_path, text, message):
    file = tmp_path / "hub.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=message):
        ServerSettings.read(str(file), {})


def test_a_mistake_is_reported_where_it_is(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('port = "eighty"\nlog_format = "xml"\n')
    with pytest.raises(SettingsError, match=r"The setting 'port' in '.*hub.toml' has the value 'eighty'"):
        ServerSettings.read(str(file), {})
    with pytest.raises(SettingsError, match="The environment variable TFHUB_SERVER_PORT has the value 'x'"):
        ServerSettings.read(str(file), {"TFHUB_SERVER_PORT": "x"})
    with pytest.raises(SettingsError, match="'log_format' .* has the value 'xml': expected text or json"):
        ServerSettings.read(str(file), {"TFHUB_SERVER_PORT": "1"})


def test_a_file_that_is_absent_or_no_text(tmp_path):
    with pytest.raises(SettingsError, match="Expected a readable TOML file at '/absent'"):
        ServerSettings.read("/absent", {})
    file = tmp_path / "hub.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="Expected a readable TOML file at .*hub.toml.*utf-8"):
        ServerSettings.read(str(file), {})


def test_sizes_are_read_as_everywhere():
    sizes = {"20G": 20 * 10**9, "20GiB": 20 * GIB, "1 kb": 1000, "7": 7, "3MiB": 3 << 20}
    for text, size in sizes.items():
        assert ServerSettings.read(environ={"TFHUB_SERVER_MAX_ARCHIVE": text}).max_archive == size


def test_every_setting_says_what_it_is_for():
    for field in dataclasses.fields(ServerSettings):
        assert field.metadata["env"] == f"TFHUB_SERVER_{field.name.upper()}"
        assert field.metadata["doc"].endswith(".")


@pytest.mark.parametrize("url", ["https://example.com/hub", "https://u:p@example.com", "hub.example.com"])
def test_a_public_url_has_a_host_and_no_path(url):
    with pytest.raises(SettingsError, match="TFHUB_SERVER_PUBLIC_URL has the value .*expected a"):
        ServerSettings.read(environ={"TFHUB_SERVER_PUBLIC_URL": url})
    assert ServerSettings.read(environ={"TFHUB_SERVER_PUBLIC_URL": ""}).public_url == ""


def test_a_proxy_is_given_by_its_address():
    with pytest.raises(SettingsError, match=r"expected addresses such as 10.0.0.0/8, got 'nginx'"):
        ServerSettings.read(environ={"TFHUB_SERVER_TRUSTED_PROXIES": "10.0.0.1, nginx"})
