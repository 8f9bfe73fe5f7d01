"""What every source promises, each before a server on loopback that speaks its protocol."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Answer, page
from small_modules import files_in, small_module
from source_cases import CASES, has_module_bytes

import tensorflow_hub as hub
from tensorflow_hub import errors
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.resolving.sources.source import Source
from tensorflow_hub.resolving.sources.table import TABLE, WEB, locate
from tensorflow_hub.settings import Settings

pytest.importorskip("obstore")

FILES = small_module(1)
CACHE = "TFHUB_CACHE_DIR"


@pytest.fixture(params=CASES, ids=lambda case: case.__name__.removesuffix("Case"))
def case(request, monkeypatch):
    monkeypatch.setenv("TFHUB_RETRIES", "2")
    monkeypatch.setattr(
        "tensorflow_hub.network.retry.RetryPolicy.pause", lambda self, attempt, asked=None: 0.01
    )
    case = request.param(monkeypatch)
    yield case
    case.close()


def has_files(path, files):
    """Whether a directory has these files; a case may add others."""
    return {name: content for name, content in files_in(path).items() if name in files} == files


def test_every_source_of_the_table_is_tried_here():
    named = {entry.source.partition("sources.")[2] for entry in (*TABLE.values(), *WEB)}
    assert named <= {case.source for case in CASES}


def test_its_handles_are_taken_and_have_one_name(case):
    handle = case.publish(FILES)
    source, location = locate(handle, Settings.from_environment())
    assert isinstance(source, Source)
    assert location.is_fixed
    for spelling in case.spellings(handle):
        other = locate(spelling, Settings.from_environment())
        assert type(other.source) is type(source)
        assert other.location.name == location.name
        assert other.location.handle == spelling


def test_a_handle_that_cannot_be_read_says_what_is_expected(case):
    if not case.malformed:
        pytest.skip("every URL is a handle of it")
    with pytest.raises(errors.HandleError, match="Expected"):
        hub.resolve(case.malformed)
    assert case.requests() == []


def test_a_module_is_downloaded_once_under_all_its_names(case):
    handle = case.publish(FILES)
    found = resolve_module(handle)
    assert has_files(found.path, FILES)
    assert found.origin == "download"
    asked = len(case.requests())
    for spelling in (handle, *case.spellings(handle)):
        again = resolve_module(spelling)
        assert (again.path, again.origin) == (found.path, "cache")
    assert len(case.requests()) == asked


def test_the_latest_version_is_requested_and_remembered(case, monkeypatch):
    if not case.has_latest:
        pytest.skip("it has no versions")
    case.publish(FILES)
    unversioned = case.unversioned(case.publish(small_module(2), version=2))
    latest = hub.resolve(unversioned)
    assert has_files(latest, small_module(2))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    asked = len(case.requests())
    assert hub.resolve(unversioned) == latest
    assert len(case.requests()) == asked


def test_an_interrupted_download_is_complete(case):
    handle, cut = case.publish(FILES), []

    def cut_once(server, request):
        answer = server.answer_to(request)
        if cut or not has_module_bytes(answer):
            return None
        cut.append(request)
        return dataclasses.replace(answer, cut=10_000)

    case.interfere(cut_once)
    assert has_files(hub.resolve(handle), FILES)
    assert cut
    if case.goes_on:
        spans = [request.headers["range"] for request in case.requests() if "range" in request.headers]
        assert any(not span.startswith("bytes=0-") for span in spans)


def test_credentials_go_to_its_own_host_only(case):
    header = case.authorize()
    if not header:
        pytest.skip("the library of the store signs requests")
    assert has_files(hub.resolve(case.publish(FILES)), FILES)
    sent = {request.headers.get("authorization") for request in case.own.requests}
    assert header in sent or not case.own.requests
    for server in case.others:
        assert server.requests
        assert {request.headers.get("authorization") for request in server.requests} == {None}


def test_other_bytes_than_were_published_are_refused(case):
    if not case.checks_bytes:
        pytest.skip("the store gives no digest")

    def damage(server, request):
        answer = server.answer_to(request)
        if not has_module_bytes(answer):
            return None
        body = answer.body if isinstance(answer.body, bytes) else answer.body.read_bytes()
        at = (answer.start + (answer.end or len(body))) // 2
        return dataclasses.replace(answer, body=body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])

    handle = case.publish(FILES)
    case.interfere(damage)
    with pytest.raises(
        (errors.DigestError, errors.ArchiveError, errors.DownloadError), match="Expected|damaged"
    ):
        hub.resolve(handle)
    assert_nothing_cached()


def test_names_that_leave_the_module_are_refused(case):
    with pytest.raises(errors.HubError, match="leaves it|backslash"):
        hub.resolve(case.publish_hostile(FILES))
    assert not list(Path(os.environ[CACHE]).parent.rglob("evil"))
    assert_nothing_cached()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_refusals_mean_what_they_should(case, status):
    if status not in case.refusals:
        pytest.skip("the library of the store repeats these for minutes")
    handle = case.publish(FILES)
    case.interfere(lambda server, request: Answer(status))
    with pytest.raises(case.refusals[status], match=r"\w") as caught:
        hub.resolve(handle)
    assert type(caught.value) is case.refusals[status]
    assert caught.value.hint
    assert_nothing_cached()


def test_an_html_page_instead_of_an_answer_is_not_a_module(case):
    handle = case.publish(FILES)
    case.interfere(lambda server, request: page("Log in to the network"))
    with pytest.raises(errors.HubError, match="Expected|page|There is nothing"):
        hub.resolve(handle)
    assert_nothing_cached()


def test_offline_makes_no_requests(case, monkeypatch):
    handle = case.publish(FILES)
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(errors.OfflineError, match="TFHUB_OFFLINE forbids"):
        hub.resolve(handle)
    assert case.requests() == []


def test_a_lock_holds_for_all_spellings(case, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from tensorflow_hub.cli.main import tfhub

    handle = case.publish(FILES)
    monkeypatch.setenv("TFHUB_LOCKFILE", str(tmp_path / "tfhub.lock"))
    names = (handle, *case.spellings(handle))
    assert CliRunner().invoke(tfhub, ["lock", names[-1]], catch_exceptions=False).exit_code == 0
    for name in names:
        assert has_files(hub.resolve(name), FILES)
    with pytest.raises(errors.DigestError, match="is not in the lock file"):
        hub.resolve("https://hub.example/acme/other/1")


def assert_nothing_cached():
    cached = Path(os.environ[CACHE])
    assert [path.name for path in cached.glob("*") if path.name != ".tfhub"] == []


def test_a_package_brings_a_source_by_an_entry_point(tmp_path):
    (tmp_path / "acme_hub.py").write_text(
        "from tensorflow_hub.resolving.sources import Location, OwnTransfer, Source\n"
        "class Acme(Source):\n"
        "    def parse(self, handle):\n"
        "        return Location(handle, handle, is_fixed=True)\n"
        "    def open(self, location, session):\n"
        "        def fetch(folder):\n"
        "            open(folder + '/saved_model.pb', 'w').write('graph')\n"
        "        return OwnTransfer(fetch)\n"
    )
    info = tmp_path / "acme_hub-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hub\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tensorflow_hub.sources]\nacme = acme_hub:Acme\nmodels.acme.example = acme_hub:Acme\n"
    )
    code = (
        "import sys, os, tensorflow_hub as hub\n"
        "for handle in ('acme://words/1', 'https://models.acme.example/words/1'):\n"
        "    print(os.listdir(hub.resolve(handle)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), *sys.path]))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "['saved_model.pb']\n" * 2, done.stderr


@pytest.mark.parametrize("name", ["https", "file", "", "a b", "c"])
def test_what_is_no_scheme_and_no_host_is_not_registered(name):
    with pytest.raises(errors.SettingsError, match="Expected schemes or hosts"):
        hub.register_source("acme_hub:Acme", name)


def test_a_name_that_is_taken_is_only_replaced_on_purpose():
    with pytest.raises(errors.SettingsError, match="'gs' have a source already"):
        hub.register_source("acme_hub:Acme", "gs")
