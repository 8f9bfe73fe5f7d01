"""The URL space of tfhub.dev: pages and downloads at the same URLs."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile

import pytest
from hub_content import card, module, module_with

import tensorflow_hub
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import withdraw
from tensorflow_hub.format.archive.index import ArchiveIndex

INDEX = "application/vnd.tensorflow-hub.index+json"
COMPRESSED = "/shared/linear/1?tf-hub-format=compressed"


def test_the_archive_is_the_module(api, linear):
    answer = api("GET", COMPRESSED)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, s-maxage=3600, immutable"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = {member.name for member in archive if member.isfile()}
    assert names == {p.relative_to(module()).as_posix() for p in module().rglob("*") if p.is_file()}


def test_curl_and_tar_unpack_it(hub_process, linear, tmp_path):
    pipe = f"curl -fsSL '{hub_process.url}/shared/linear?tf-hub-format=compressed' | tar -xz -C {tmp_path}"
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], check=True)
    assert (tmp_path / "saved_model.pb").read_bytes() == (module() / "saved_model.pb").read_bytes()


def test_head_says_what_get_sends(api, linear):
    head, get = api("HEAD", COMPRESSED), api("GET", COMPRESSED)
    assert head.status_code == 200
    assert not head.content
    for name in ("content-length", "etag", "content-type", "cache-control", "accept-ranges"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-99999999", 5, None)],
)
def test_ranges(api, linear, wanted, start, end):
    whole = api("GET", COMPRESSED).content
    answer = api("GET", COMPRESSED, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    first = start % len(whole)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"


def test_a_range_beyond_the_end_is_refused(api, linear):
    answer = api("GET", COMPRESSED, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{linear.archive_size}"


@pytest.mark.parametrize("wanted", ["bytes=9-3", "bytes=a-b", "lines=1-2", "bytes=-"])
def test_a_malformed_range_is_ignored(api, linear, wanted):
    assert api("GET", COMPRESSED, headers={"Range": wanted}).status_code == 200


def test_if_range_with_another_etag_sends_the_whole_file(api, linear):
    headers = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert api("GET", COMPRESSED, headers=headers).status_code == 200


def test_cached_answers_are_not_sent_again(api, linear):
    etag = api("HEAD", COMPRESSED).headers["etag"]
    answer = api("GET", COMPRESSED, headers={"If-None-Match": f'"x", {etag}'})
    assert answer.status_code == 304
    assert not answer.content
    assert answer.headers["etag"] == etag


def test_our_client_gets_the_index(api, linear):
    accept = f"{INDEX}, application/gzip;q=0.9, */*;q=0.1"
    answer = api("GET", COMPRESSED, headers={"Accept": accept})
    assert answer.headers["content-type"] == INDEX
    assert "Accept" in answer.headers["vary"]
    index = ArchiveIndex.from_json(answer.content)
    assert index.digest == linear.digest
    assert index.archive_size == linear.archive_size


@pytest.mark.parametrize("accept", ["*/*", "application/gzip", ""])
def test_others_get_the_archive(api, linear, accept):
    assert api("GET", COMPRESSED, headers={"Accept": accept}).content[:2] == b"\x1f\x8b"


def test_a_list_of_formats_is_taken_in_its_order(api, linear):
    answer = api("GET", "/shared/linear/1?tf-hub-format=uncompressed,compressed")
    assert answer.content[:2] == b"\x1f\x8b"


def test_an_unversioned_handle_leads_to_the_latest_version(api, hub_process, admin, tmp_path):
    for version in (1, 2, 3):
        folder = module_with(tmp_path / str(version), bytes([version]))
        name = f"newest/model/{version}"
        publish(folder, card=card(name), hub=hub_process.url, token=admin)
    where = "/newest/model?tf-hub-format=compressed"
    assert api("GET", where).status_code == 302
    assert api("GET", where).headers["location"] == "/newest/model/3?tf-hub-format=compressed"
    withdraw("newest/model/3", "broken", hub=hub_process.url, token=admin)
    assert api("GET", where).headers["location"] == "/newest/model/2?tf-hub-format=compressed"
    assert api("GET", "/newest/model/3?tf-hub-format=compressed").status_code == 200


def test_every_answer_of_a_withdrawn_version_says_why(api, hub_process, admin, tmp_path):
    folder = module_with(tmp_path / "m", b"wrong")
    publish(folder, card=card("wrong/model/1"), hub=hub_process.url, token=admin)
    where = "/wrong/model/1?tf-hub-format=compressed"
    assert "tfhub-withdrawn" not in api("GET", where).headers
    withdraw("wrong/model/1", "überholt: 100 %\nfalsch.", hub=hub_process.url, token=admin)
    for accept in (INDEX, "application/gzip"):
        answer = api("GET", where, headers={"Accept": accept})
        assert answer.headers["tfhub-withdrawn"] == "%C3%BCberholt: 100 %25 falsch."
        assert answer.headers["cache-control"] == "public, no-cache", "it may be restored"
    assert "tfhub-withdrawn" in api("GET", "/wrong/model/1", headers={"Accept": "application/json"}).headers


@pytest.fixture
def empty_cache(hub_process, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFHUB_URL", hub_process.url)


@pytest.mark.usefixtures("empty_cache")
def test_the_library_warns_of_a_withdrawn_version_once(hub_process, admin, tmp_path, caplog):
    publish(module_with(tmp_path / "m", b"warn"), card=card("warn/model/1"), hub=hub_process.url, token=admin)
    withdraw("warn/model/1", "überholt: 100 %", hub=hub_process.url, token=admin)
    for _ in range(2):  # the second is in the cache
        tensorflow_hub.resolve("warn/model/1")
    [line] = [record.message for record in caplog.records if "withdrawn" in record.message]
    assert line.startswith(f"{hub_process.url}/warn/model/1 was withdrawn by its publisher: überholt: 100 %")
    assert line.endswith(f"`tfhub show {hub_process.url}/warn/model`.")


def test_a_page_in_a_browser(api, linear):
    answer = api("GET", "/shared/linear/1", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "multiplies" in answer.text


def test_metadata_as_json_at_the_same_url(api, linear):
    answer = api("GET", "/shared/linear/1", headers={"Accept": "application/json"})
    assert answer.headers["vary"] == "Accept, Authorization, Cookie, Accept-Encoding", (
        "the page stands at the same URL"
    )
    facts = answer.json()
    assert facts["handle"] == "shared/linear/1"
    [deployment] = facts["deployments"]
    assert deployment["digest"] == linear.digest
    assert facts == api("GET", "/api/v1/models/shared/linear/1").json()


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("/shared/liner/1?tf-hub-format=compressed", "shared/linear"),
        ("/shard/linear/1?tf-hub-format=compressed", "shared/linear"),
        ("/shared/linear/9?tf-hub-format=compressed", "shared/linear/1"),
    ],
)
def test_a_typo_gets_suggestions(api, linear, path, suggestion):
    answer = api("GET", path)
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "not_found"
    assert suggestion in error["suggestions"]


def test_a_form_that_a_version_does_not_have(api, linear):
    answer = api("GET", "/shared/linear/1?tfjs-format=compressed")
    assert answer.status_code == 406
    assert answer.json()["error"]["hint"] == "The available formats are: ?tf-hub-format=compressed."


def test_an_entry_without_files_says_so(api, admin):
    body = {"handle": "bare/holder/1", "card": card("bare/holder/1", "Placeholder")}
    assert api("PUT", "/api/v1/cards", admin, json=body).status_code == 201
    answer = api("GET", "/bare/holder/1?tf-hub-format=compressed")
    assert answer.status_code == 406
    said = "This hub has only the documentation of bare/holder/1, not its files."
    assert answer.json()["error"]["message"] == said


def test_what_is_nowhere_near_is_looked_for_on_the_command_line(api):
    error = api("GET", "/zzz/qqq/1?tf-hub-format=compressed").json()["error"]
    assert error["hint"].startswith("Check the spelling, or look for it: `tfhub search`.")
    assert "If it is private, sign in first: `tfhub login`." in error["hint"]


def test_a_deleted_version_leaves_a_tombstone(api, hub_process, admin, tmp_path):
    folder = module_with(tmp_path / "m", b"gone")
    publish(folder, card=card("gone/model/1"), hub=hub_process.url, token=admin)
    body = {"handle": "gone/model/1", "reason": "licence withdrawn"}
    assert api("POST", "/api/v1/deletions", admin, json=body).status_code == 200
    answer = api("GET", "/gone/model/1?tf-hub-format=compressed")
    assert answer.status_code == 410
    assert "licence withdrawn" in answer.json()["error"]["message"]
    assert api("GET", "/gone/model?tf-hub-format=compressed").status_code == 404
    again = api("POST", "/api/v1/uploads", admin, json=_upload_request("gone/model/1", b"x"))
    assert again.status_code in {201, 410}


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd/1",
        "/a/b%00/1",
        "/a/..%2f..%2fx/1",
        "/a//b/1",
        "/\u00e9/x/1",
    ],
)
@pytest.mark.parametrize("query", ["", "?tf-hub-format=compressed", "?tfjs-format=file"])
def test_hostile_paths_find_nothing(api, path, query):
    assert api("GET", path + query).status_code in {400, 404}


def _upload_request(handle, data):
    return {
        "handle": handle,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "card": card(handle),
    }
