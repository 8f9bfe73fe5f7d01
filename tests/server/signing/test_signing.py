"""Keys and signatures on a real hub: only what fits is kept, and what is kept is served and mirrored."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE, until

from tensorflow_hub.client import signing
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete
from tensorflow_hub.copying.copy import copy_to_hub
from tensorflow_hub.errors import (
    ConflictError,
    ForbiddenError,
    FormatError,
    NotFoundError,
    RejectedError,
    RequestError,
    TrustError,
)
from tensorflow_hub.handles import ModelName
from tensorflow_hub.resolving.resolve import resolve
from tensorflow_hub.settings import Settings
from tensorflow_hub.signing.envelope import LARGEST, Envelope, sign_statement
from tensorflow_hub.signing.keys import PublicKey, new_private_key
from tensorflow_hub.signing.statement import Statement, statement_now


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return [new_private_key(folder / f"{number}.pem") for number in range(3)]


@pytest.fixture
def signed(hub_process, keys, request):
    """A version of a publisher of this test, signed at publishing."""
    publisher = request.node.name.partition("[")[0].replace("_", "-")[-50:].strip("-")
    access = {"hub": hub_process.url, "token": hub_process.token}
    requests.patch(
        f"{hub_process.url}/api/v1/publishers/{publisher}",
        json={},
        headers={"Authorization": f"Bearer {hub_process.token}"},
        timeout=PATIENCE,
    )
    if not signing.list_keys(publisher, **access)["keys"]:
        signing.add_key(publisher, keys[0].public, "releases", **access)
    return publish(module(), card=card(f"{publisher}/words/1"), key=keys[0], **access)


@pytest.fixture
def send(hub_process, signed):
    """Sends a statement about the version, changed, with a signature by a key."""

    def call(key, **changes):
        [first] = signing.show_signatures(signed.handle, hub=hub_process.url)["signatures"][:1]
        statement = Statement.from_bytes(Envelope.from_text(first["envelope"]).payload)
        envelope = sign_statement(dataclasses.replace(statement, **changes), key)
        settings = Settings(hub=hub_process.url, token=hub_process.token)
        return signing.send_envelope(signed.handle, envelope.to_text(), settings)

    return call


def test_a_version_is_signed_as_it_is_published(hub_process, signed, keys):
    shown = requests.get(f"{hub_process.url}/api/v1/models/{signed.handle}", timeout=PATIENCE).json()
    [signature] = shown["signatures"]
    assert signature["key"]["public_key"] == str(keys[0].public)
    assert signature["key"]["name"] == "releases"
    assert signature["key"]["added_by"] == ""  # names of tokens are for the publisher's people
    envelope = Envelope.from_text(signature["envelope"])
    assert envelope.signer([keys[0].public]) is not None
    statement = Statement.from_bytes(envelope.payload)
    assert str(statement.name) == signed.handle
    [deployment] = shown["deployments"]
    assert (statement.digest, statement.archive_sha256, statement.kind) == (
        deployment["digest"],
        deployment["archive_sha256"],
        "saved_model",
    )


def test_the_pages_show_who_signed(hub_process, signed, keys):
    page = requests.get(f"{hub_process.url}/{signed.handle}", timeout=PATIENCE).text
    assert f"releases {keys[0].public.id} on " in page
    inside = requests.get(f"{hub_process.url}/{signed.handle}?inside=signatures", timeout=PATIENCE).text
    assert keys[0].public.id in inside
    assert str(keys[0].public).replace("+", "&#43;") in inside.replace("+", "&#43;")


def test_another_key_signs_too_and_the_first_signature_stays(hub_process, signed, send, keys):
    access = {"hub": hub_process.url, "token": hub_process.token}
    signing.add_key(ModelName.parse(signed.handle).publisher, keys[1].public, **access)
    send(keys[1])
    before = signing.show_signatures(signed.handle, hub=hub_process.url)["signatures"]
    assert [s["key"]["id"] for s in before] == [keys[0].public.id, keys[1].public.id]
    again = send(keys[0], signed_at="2001-01-01T00:00:00Z")["signatures"]
    assert again == signing.show_signatures(signed.handle, **access)["signatures"]
    assert [s["envelope"] for s in again] == [s["envelope"] for s in before]


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"name": ModelName("acme", "words", 1)}, RejectedError, "got one about acme/words/1"),
        ({"digest": "sha256:" + "0" * 64}, RejectedError, "Expected a statement about the content"),
        ({"archive_sha256": "0" * 64}, RejectedError, "in the archive"),
        ({"kind": "tflite"}, RequestError, "has no deployment 'tflite'"),
        ({"signed_at": "2999-01-01T00:00:00Z"}, RejectedError, "Expected a time of signing in the past"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_a_statement_about_something_else_is_refused(send, keys, change, error, match):
    with pytest.raises(error, match=match):
        send(keys[0], **change)


def test_a_signature_by_an_unknown_key_is_refused(send, keys):
    with pytest.raises(RejectedError, match="Expected a valid signature by a key of the publisher"):
        send(keys[2])


def test_a_signature_by_a_key_of_another_publisher_is_refused(hub_process, send, keys):
    access = {"hub": hub_process.url, "token": hub_process.token}
    publish(module(), card=card("neighbour/words/1"), **access)
    signing.add_key("neighbour", keys[2].public, **access)
    with pytest.raises(RejectedError, match="Expected a valid signature by a key of the publisher"):
        send(keys[2])


def test_a_revoked_key_signs_nothing_and_its_signatures_say_so(hub_process, signed, send, keys, tmp_path):
    access = {"hub": hub_process.url, "token": hub_process.token}
    publisher = ModelName.parse(signed.handle).publisher
    signing.revoke_key(publisher, keys[0].public.id, **access)
    [signature] = signing.show_signatures(signed.handle, **access)["signatures"]
    revoked_at = signature["key"]["revoked_at"]
    assert abs(time.time() - _seconds(revoked_at)) < PATIENCE
    with pytest.raises(RejectedError, match="is revoked"):
        send(keys[0], signed_at="2001-01-01T00:00:00Z")
    with pytest.raises(ConflictError, match="already has the key "):
        signing.add_key(publisher, keys[0].public, **access)
    signing.revoke_key(publisher, keys[0].public.id, **access)
    assert signing.list_keys(publisher, **access)["keys"][0]["revoked_at"] == revoked_at
    page = requests.get(f"{hub_process.url}/{signed.handle}", timeout=PATIENCE).text
    assert "the key is revoked" in page
    actions = requests.get(
        f"{hub_process.url}/api/v1/audit?publisher={publisher}",
        headers={"Authorization": f"Bearer {hub_process.token}"},
        timeout=PATIENCE,
    ).json()["entries"]
    assert {"key.add", "key.revoke", "sign"} <= {entry["action"] for entry in actions}


def _seconds(text):
    import calendar

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize(
    "envelope", ["", "{}", "[" * 16_000, "x" * LARGEST], ids=["", "empty", "deep", "long"]
)
def test_a_broken_envelope_is_refused(hub_process, signed, envelope):
    settings = Settings(hub=hub_process.url, token=hub_process.token)
    with pytest.raises(RejectedError, match="Expected a signed envelope"):
        signing.send_envelope(signed.handle, envelope, settings)
    with pytest.raises(RequestError, match="length <= 16384"):
        signing.send_envelope(signed.handle, "x" * (LARGEST + 1), settings)


@pytest.mark.parametrize("key", ["", "ed25519:AAAA", "rsa:AAAA", "ed25519:" + "A" * 80])
def test_something_that_is_not_a_key_is_refused(hub_process, signed, key):
    path = f"{hub_process.url}/api/v1/publishers/{ModelName.parse(signed.handle).publisher}/keys"
    token = {"Authorization": f"Bearer {hub_process.token}"}
    refused = requests.post(path, json={"public_key": key}, headers=token, timeout=PATIENCE)
    assert refused.status_code == 400
    assert "Expected a public key such as" in refused.json()["error"]["message"]


def test_nothing_is_signed_when_the_hub_has_other_content(hub_process, signed, keys, tmp_path):
    access = {"hub": hub_process.url, "token": hub_process.token}
    with pytest.raises(ConflictError, match="Expected .* with the content"):
        signing.sign_version(signed.handle, module_with(tmp_path / "m", b"other"), keys[0], **access)
    with pytest.raises(NotFoundError, match="Expected a deployment 'tflite' of .*, but there is none"):
        signing.sign_version(signed.handle, module(), keys[0], deployment="tflite", **access)


def test_members_who_publish_sign_but_manage_no_keys(hub_process, signed, keys, new_token):
    publisher = ModelName.parse(signed.handle).publisher
    token = new_token("publish", publisher)
    assert signing.sign_version(signed.handle, module(), keys[0], hub=hub_process.url, token=token)
    with pytest.raises(ForbiddenError, match="may not manage"):
        signing.add_key(publisher, keys[2].public, hub=hub_process.url, token=token)


def test_a_deleted_version_loses_its_signatures(hub_process, signed):
    delete(signed.handle, "A test.", hub=hub_process.url, token=hub_process.token)
    with pytest.raises(NotFoundError, match="was deleted"):
        signing.show_signatures(signed.handle, hub=hub_process.url)


def test_signatures_go_through_mirrors_and_copies(hub_process, signed, keys, tmp_path, monkeypatch):
    """A hub that mirrors another, and one to which a module is copied, serve the publisher's signatures."""
    publisher = ModelName.parse(signed.handle).publisher
    monkeypatch.setenv("TFHUB_TRUST", str(tmp_path / "tfhub.trust"))

    def trust(hub):
        rule = {"hub": hub.url, "publisher": publisher, "keys": [str(keys[0].public)]}
        (tmp_path / "tfhub.trust").write_text(json.dumps({"format": 1, "rules": [rule], "others": "allow"}))

    with (
        HubProcess(tmp_path / "mirror", TFHUB_SERVER_UPSTREAM=hub_process.url) as mirror,
        HubProcess(tmp_path / "copy") as copy,
    ):
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache of mirror"))
        trust(mirror)
        assert resolve(f"{mirror.url}/{signed.handle}")
        [key] = signing.list_keys(publisher, hub=mirror.url)["keys"]
        assert key["added_by"].startswith(f"mirror of {hub_process.url}")

        trust(copy)
        access = {"hub": copy.url, "token": copy.token}
        publish(module_with(tmp_path / "m", b"first"), card=card(f"{publisher}/first/1"), **access)
        settings = dataclasses.replace(Settings.from_environment(), hub=copy.url, token=copy.token)
        copy_to_hub(signed.url, settings)
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache of copy"))
        with pytest.raises(TrustError, match="got no signature"):  # its publisher has no such key there
            resolve(f"{copy.url}/{signed.handle}")
        signing.add_key(publisher, keys[0].public, **access)
        copy_to_hub(signed.url, settings)
        assert resolve(f"{copy.url}/{signed.handle}")


def test_a_mirror_keeps_nothing_that_is_not_signed_for_this_version(tmp_path, keys):
    """Upstream may say what it likes: a key is its word, a signature is verified."""
    from tensorflow_hub.server.catalogue import reading, signatures
    from tensorflow_hub.server.catalogue.writing import ensure_publisher
    from tensorflow_hub.server.mirroring.signatures import keep_signatures
    from tensorflow_hub.server.run import open_hub
    from tensorflow_hub.server.settings import ServerSettings

    with HubProcess(tmp_path / "data") as upstream:
        hub = open_hub(ServerSettings(data=str(tmp_path / "mirror")))
        with hub.database.writing() as connection:
            ensure_publisher(connection, "acme", mirrored=True)
        hub.database.close()
        with HubProcess(tmp_path / "mirror", TFHUB_SERVER_UPSTREAM=upstream.url) as mirror:
            publish(module(), card=card("acme/words/1"), hub=upstream.url, token=upstream.token)
            asked = f"{mirror.url}/acme/words/1?tf-hub-format=compressed"
            until(lambda: requests.get(asked, timeout=PATIENCE).status_code == 200, "the mirrored version")
            digest = requests.get(f"{mirror.url}/api/v1/models/acme/words/1", timeout=PATIENCE).json()[
                "deployments"
            ][0]["digest"]
        hub = open_hub(ServerSettings(data=str(tmp_path / "mirror")))
        good = sign_statement(
            statement_now(ModelName("acme", "words", 1), "saved_model", digest, ""), keys[0]
        )
        other = sign_statement(
            statement_now(ModelName("acme", "words", 2), "saved_model", digest, ""), keys[0]
        )
        said = {"public_key": str(keys[0].public), "name": "x" * 500, "revoked_at": None}
        hostile = [
            None,
            7,
            {},
            {"key": 7},
            {"key": {}},
            {"key": said},
            {"key": said, "envelope": other.to_text()},
        ]
        with hub.database.writing() as connection:
            version = reading.find_version(connection, ModelName("acme", "words", 1))
            for listed in (None, 7, "text", hostile):
                keep_signatures(connection, version, {"signatures": listed}, "somewhere")
            assert signatures.list_signatures(connection, version) == []
            entry = {"signatures": [{"key": said, "envelope": good.to_text()}]}
            keep_signatures(connection, version, entry, "somewhere")
            [kept] = signatures.list_signatures(connection, version)
            assert len(kept.key.name) == 100
            entry["signatures"][0]["key"] = {**said, "revoked_at": "2026-01-01T00:00:00Z"}
            keep_signatures(connection, version, entry, "somewhere")
            [kept] = signatures.list_signatures(connection, version)
            assert kept.key.revoked_at is not None
        hub.database.close()


def test_the_id_of_a_key_is_not_what_is_trusted(keys):
    with pytest.raises(FormatError, match="Expected a public key"):
        PublicKey.parse(keys[0].public.id)
