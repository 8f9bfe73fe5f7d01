"""Publishing over HTTP: what is checked, what is refused, what is never half done."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import CardError, ConflictError, ForbiddenError, NotAModuleError, RequestError
from tensorflow_hub.format.archive import segment_cuts
from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE, LARGEST_SEGMENT, ArchiveIndex
from tensorflow_hub.format.archive.writer import write_archive


def upload_request(handle, data, **more):
    return {
        "handle": handle,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "card": card(handle),
        **more,
    }


def tar_gz(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def module_members(path=None):
    path = path or module()
    return [(p.relative_to(path).as_posix(), p.read_bytes()) for p in sorted(path.rglob("*")) if p.is_file()]


@pytest.fixture
def send(api, admin):
    """Uploads bytes and asks to publish them; the last answer."""

    def do(handle, data, index=None, **more):
        started = api("POST", "/api/v1/uploads", admin, json=upload_request(handle, data, **more))
        if started.status_code >= 400:
            return started
        path = f"/api/v1/uploads/{started.json()['id']}"
        received = started.json()["received"]
        sent = api("PATCH", path, admin, data=data[received:], headers={"Upload-Offset": str(received)})
        assert sent.status_code == 204, sent.text
        return api("POST", f"{path}/publish", admin, json={"index": index} if index else {})

    return do


def test_publishing_the_same_content_again_is_allowed(hub_process, admin, tmp_path):
    folder = module_with(tmp_path / "m", b"1")
    arguments = {"card": card("again/model/1"), "hub": hub_process.url, "token": admin}
    first, second = publish(folder, **arguments), publish(folder, **arguments)
    assert first.is_new
    assert not second.is_new
    assert first.digest == second.digest


def test_other_content_under_a_version_is_refused(hub_process, admin, tmp_path):
    arguments = {"card": card("other/model/1"), "hub": hub_process.url, "token": admin}
    publish(module_with(tmp_path / "a", b"a"), **arguments)
    with pytest.raises(ConflictError, match="versions never change"):
        publish(module_with(tmp_path / "b", b"b"), **arguments)


def test_other_content_is_refused_at_the_end_too(api, send, admin):
    """A publisher that does not say what it will send is refused when it has."""
    first = send("late/model/1", tar_gz(module_members()))
    assert first.status_code == 201, first.text
    second = send("late/model/1", tar_gz([*module_members(), ("assets/more", b"more")]))
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "conflict"


def test_an_archive_of_any_tar_becomes_one_with_an_index(api, send):
    answer = send("plain/model/1", tar_gz(module_members()))
    assert answer.status_code == 201, answer.text
    accept = {"Accept": "application/vnd.tensorflow-hub.index+json"}
    index = api("GET", "/plain/model/1?tf-hub-format=compressed", headers=accept).json()
    archive = api("GET", "/plain/model/1?tf-hub-format=compressed").content
    assert index["archive"] == {"size": len(archive), "sha256": hashlib.sha256(archive).hexdigest()}


def test_the_facts_tell_what_is_inside(send):
    facts = send("facts/model/1", tar_gz(module_members())).json()
    [deployment] = facts["deployments"]
    assert deployment["description"]["kind"] == "hub"
    assert deployment["description"]["variants"][0]["signatures"][0]["name"] == "default"
    assert facts["metadata"]["task"] == ["text-embedding"]
    assert facts["description"] == "A line through the origin."


def test_an_upload_is_resumed_where_it_was_interrupted(api, admin, hub_process):
    data = tar_gz(module_members())
    started = api("POST", "/api/v1/uploads", admin, json=upload_request("resumed/model/1", data))
    path = started.json()["url"].removeprefix(hub_process.url)
    assert started.headers["location"] == hub_process.url + path
    assert api("PATCH", path, admin, data=data[:100], headers={"Upload-Offset": "0"}).status_code == 204
    wrong = api("PATCH", path, admin, data=data[50:], headers={"Upload-Offset": "50"})
    assert wrong.status_code == 409
    assert wrong.headers["upload-offset"] == "100"
    again = api("POST", "/api/v1/uploads", admin, json=upload_request("resumed/model/1", data))
    assert again.json()["received"] == 100
    early = api("POST", f"{path}/publish", admin, json={})
    assert early.json()["error"]["code"] == "wrong_offset"
    assert api("HEAD", path, admin).headers["upload-offset"] == "100"
    sent = api("PATCH", path, admin, data=data[100:], headers={"Upload-Offset": "100"})
    assert sent.headers["upload-offset"] == str(len(data))
    assert api("POST", f"{path}/publish", admin, json={}).status_code == 201
    assert api("HEAD", path, admin).status_code == 404


def test_an_upload_can_be_cancelled(api, admin, hub_process):
    started = api("POST", "/api/v1/uploads", admin, json=upload_request("dropped/model/1", b"x" * 10))
    path = started.json()["url"].removeprefix(hub_process.url)
    assert api("DELETE", path, admin).status_code == 204
    assert api("PATCH", path, admin, data=b"x", headers={"Upload-Offset": "0"}).status_code == 404


def test_more_bytes_than_announced_are_refused(api, admin, hub_process):
    started = api("POST", "/api/v1/uploads", admin, json=upload_request("more/model/1", b"x" * 10))
    path = started.json()["url"].removeprefix(hub_process.url)
    answer = api("PATCH", path, admin, data=b"x" * 11, headers={"Upload-Offset": "0"})
    assert answer.status_code == 413
    assert "announced with 10 bytes, but more arrived" in answer.json()["error"]["message"]


def test_bytes_with_another_digest_than_announced_are_refused(api, admin, send):
    data = tar_gz(module_members())
    answer = send("digest/model/1", data, sha256="0" * 64)
    assert answer.status_code == 422
    assert "Expected bytes with the SHA-256 0000" in answer.json()["error"]["message"]
    again = api(
        "POST", "/api/v1/uploads", admin, json=upload_request("digest/model/1", data, sha256="0" * 64)
    )
    assert again.json()["received"] == 0, "damaged bytes must be sent anew"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../evil", b"x")], "evil"),
        ([("/etc/passwd", b"x")], "passwd"),
        ([("readme.txt", b"x")], "module"),
        ([("saved_model.pb", b"\xff\xff not a proto")], "saved_model.pb"),
    ],
)
def test_hostile_and_meaningless_archives_are_refused(api, send, members, message):
    answer = send("hostile/model/1", tar_gz(members))
    assert answer.status_code == 422, answer.text
    assert message in answer.json()["error"]["message"]
    assert api("GET", "/hostile/model/1?tf-hub-format=compressed").status_code == 404


@pytest.mark.parametrize(
    "data",
    [b"", b"junk" * 100, gzip.compress(b"junk" * 1000), tar_gz(module_members())[:-30]],
    ids=["nothing", "junk", "gzip of junk", "cut short"],  # the bytes hold the time of day
)
def test_broken_archives_are_refused(send, data):
    answer = send("broken/model/1", data or b"\0")
    assert answer.status_code == 422, answer.text


def test_an_index_with_wrong_values_is_refused(send, tmp_path):
    archive = tmp_path / "module.tar.gz"
    index = json.loads(write_archive(module(), archive).to_json())
    truth = json.dumps(index)
    lies = [
        truth.replace("saved_model.pb", "saved_model.xx"),
        truth.replace(index["files"][0]["sha256"], "0" * 64),
        truth.replace(index["archive"]["sha256"], "0" * 64),
    ]
    for lie in lies:
        answer = send("lying/model/1", archive.read_bytes(), index=json.loads(lie))
        assert answer.status_code == 422, answer.text
    assert send("lying/model/1", archive.read_bytes(), index=index).status_code == 201


def test_an_archive_with_segments_beyond_memory_is_packed_again(api, send, tmp_path, monkeypatch):
    folder = module_with(tmp_path / "large", bytes(LARGEST_SEGMENT + 1))
    monkeypatch.setattr(segment_cuts, "SEGMENT", 2 * LARGEST_SEGMENT)
    sent = write_archive(folder, tmp_path / "large.tar.gz")
    assert sent.largest_segment > LARGEST_SEGMENT
    data = (tmp_path / "large.tar.gz").read_bytes()
    assert send("large/segments/1", data, index=json.loads(sent.to_json())).status_code == 201
    accept = {"Accept": INDEX_MEDIA_TYPE}
    stored = api("GET", "/large/segments/1?tf-hub-format=compressed", headers=accept).content
    assert ArchiveIndex.from_json(stored).largest_segment == 1 << 20
    assert ArchiveIndex.from_json(stored).digest == sent.digest


def test_a_segment_with_wrong_values_is_refused(send, tmp_path):
    archive = tmp_path / "module.tar.gz"
    index = json.loads(write_archive(module(), archive).to_json())
    segment = index["files"][0]["segments"][0]
    segment[0] -= 1  # one byte early: inflates to nothing sensible
    answer = send("segments/model/1", archive.read_bytes(), index=index)
    assert answer.status_code == 422, answer.text


def test_the_index_of_many_files_may_be_larger_than_other_requests(tmp_path):
    place = module_with(tmp_path / "module", b"")
    for number in range(100):
        (place / "assets" / f"{number}.txt").write_text(str(number))
    index = write_archive(place, tmp_path / "packed.tar.gz").to_json()
    assert len(index) > 10 << 10
    with HubProcess(tmp_path / "data", TFHUB_SERVER_MAX_REQUEST="10K") as hub:
        published = publish(place, card=card("acme/files/1"), hub=hub.url, token=hub.token)
        url = f"{published.url}?tf-hub-format=compressed"
        answer = requests.get(url, headers={"Accept": INDEX_MEDIA_TYPE}, timeout=PATIENCE)
    assert answer.content == index


def test_a_card_about_something_else_is_refused(api, admin):
    body = {"handle": "card/model/2", "size": 1, "sha256": "0" * 64, "card": card("card/model/1")}
    answer = api("POST", "/api/v1/uploads", admin, json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"] == "Expected a card about card/model/2, got one about card/model/1."
    assert error["hint"] == "Make its first line `# Module card/model/2`, or publish as card/model/1."


def test_a_new_version_needs_a_card(hub_process, admin):
    with pytest.raises(RequestError, match="A card is needed"):
        publish(module(), "card/model/3", hub=hub_process.url, token=admin)


def test_a_card_that_cannot_be_read(tmp_path):
    with pytest.raises(CardError, match="Expected a readable card at .*absent.md"):
        publish(module(), card=tmp_path / "absent.md")


def test_something_that_is_not_a_module_is_refused_before_anything_is_sent(tmp_path):
    with pytest.raises(NotAModuleError, match=r"Expected"):
        publish(tmp_path, card=card("a/b/1"), hub="http://127.0.0.1:1")
    with pytest.raises(NotAModuleError, match="does not exist"):
        publish(tmp_path / "absent", card=card("a/b/1"), hub="http://127.0.0.1:1")


def test_a_token_of_another_publisher_may_not(hub_process, new_token):
    token = new_token("publish", "mine")
    with pytest.raises(ForbiddenError, match="may not publish as 'yours'"):
        publish(module(), card=card("yours/model/1"), hub=hub_process.url, token=token)


def test_deployments_of_other_kinds(api, send, admin):
    model_json = {
        "format": "graph-model",
        "generatedBy": "long enough to be compressed " * 100,
        "modelTopology": {"node": []},
        "weightsManifest": [
            {"paths": ["group1-shard1of1.bin"], "weights": [{"name": "w", "shape": [2], "dtype": "float32"}]}
        ],
    }
    data = tar_gz([("model.json", json.dumps(model_json).encode()), ("group1-shard1of1.bin", b"\0" * 8)])
    assert send("js/model/1", data, card=card("js/model/1", "Tfjs")).status_code == 201
    for origin in ({}, {"Origin": "https://app.example"}):
        answer = api("GET", "/js/model/1/model.json?tfjs-format=file", headers=origin)
        assert answer.json() == model_json
        assert answer.headers["access-control-allow-origin"] == "*"
    part = api("GET", "/js/model/1/model.json?tfjs-format=file", headers={"Range": "bytes=10-2009"})
    assert (part.status_code, part.content) == (206, json.dumps(model_json).encode()[10:2010])
    assert "Content-Encoding" not in part.headers, "a range is of the plain bytes"
    weights = api("GET", "/js/model/1/group1-shard1of1.bin?tfjs-format=file")
    assert weights.content == b"\0" * 8
    assert weights.headers["cache-control"] == "public, max-age=31536000, s-maxage=3600, immutable"
    assert api("GET", "/js/model/1/absent.bin?tfjs-format=file").status_code == 404
    assert api("GET", "/js/model/1?tfjs-format=compressed").content[:2] == b"\x1f\x8b"
    assert send("js/model/1/default/1", data, card=card("js/model/1/default/1", "Tfjs")).status_code == 201
    for handle in ("js/model/1/default/1", "js/model/1/default", "js/model/1"):
        assert api("GET", f"/{handle}/model.json?tfjs-format=file").json() == model_json
    wrong = send("js/model/2", data)
    assert "Expected the content of a saved_model deployment, got tfjs" in wrong.json()["error"]["message"]
    corrected = send("js/model/2", data, card=card("js/model/2", "Tfjs"))
    assert corrected.status_code == 201, "the refused upload is not resumed as what it was first"


def test_a_second_deployment_joins_a_version(api, send, hub_process, admin):
    assert send("two/forms/1", tar_gz(module_members())).status_code == 201
    data = tar_gz([("model.json", b'{"format":"graph-model","modelTopology":{},"weightsManifest":[]}')])
    joined = send("two/forms/1", data, card="", deployment="tfjs")
    assert joined.status_code == 201, joined.text
    assert [d["kind"] for d in joined.json()["deployments"]] == ["saved_model", "tfjs"]
    assert api("GET", "/two/forms/1?tfjs-format=compressed").status_code == 200


def test_placeholders_and_corrected_cards(api, admin):
    body = {"handle": "card/holder/1", "card": card("card/holder/1", "Placeholder")}
    assert api("PUT", "/api/v1/cards", admin, json=body).status_code == 201
    body["card"] += "\nMore.\n"
    changed = api("PUT", "/api/v1/cards", admin, json=body)
    assert changed.status_code == 200
    assert changed.json()["card"].endswith("More.\n")
    body = {"handle": "card/absent/1", "card": card("card/absent/1")}
    assert api("PUT", "/api/v1/cards", admin, json=body).status_code == 422


@pytest.mark.parametrize("kind", ["Collection", "Placeholder", "Lite"])
def test_a_version_with_files_keeps_its_kind_of_card(api, send, admin, kind):
    handle = f"kinds/{kind.lower()}/1"
    assert send(handle, tar_gz(module_members())).status_code == 201
    refused = api("PUT", "/api/v1/cards", admin, json={"handle": handle, "card": card(handle, kind)})
    assert refused.status_code == 422
    assert "Expected a card of the kind module" in refused.json()["error"]["message"], refused.text


def test_a_publisher_is_written_in_one_way(api, send, admin):
    assert send("spelled/model/1", tar_gz(module_members())).status_code == 201
    other = send("SPELLED/model/1", tar_gz(module_members()))
    assert other.status_code == 400, other.text
    assert "Expected the publisher 'spelled', got 'SPELLED'." in other.json()["error"]["message"]
    body = {"handle": "Spelled/holder/1", "card": card("Spelled/holder/1", "Placeholder")}
    assert api("PUT", "/api/v1/cards", admin, json=body).status_code == 400
