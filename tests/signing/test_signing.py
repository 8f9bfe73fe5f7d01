"""Keys, statements and envelopes: what is signed can be verified by others, and nothing else is accepted."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import FormatError, SettingsError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.signing.envelope import LARGEST, Envelope, sign_statement
from tensorflow_hub.signing.keys import PublicKey, is_encrypted, load_private_key, new_private_key
from tensorflow_hub.signing.statement import Statement, statement_now

NAME = ModelName("acme", "words", 2)
STATEMENT = statement_now(NAME, "saved_model", "sha256:" + "a" * 64, "b" * 64)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return new_private_key(tmp_path_factory.mktemp("keys") / "key.pem")


@pytest.fixture(scope="module")
def envelope(key):
    return sign_statement(STATEMENT, key)


def test_another_program_verifies_an_envelope_by_the_specifications_alone(key, envelope):
    value = json.loads(envelope.to_text())
    payload = base64.b64decode(value["payload"])
    kind = value["payloadType"].encode()
    signed = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])
    raw = base64.b64decode(str(key.public).removeprefix("ed25519:"))
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(value["signatures"][0]["sig"]), signed)
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [s["digest"]["sha256"] for s in statement["subject"]] == ["a" * 64, "b" * 64]
    assert [s["name"] for s in statement["subject"]] == ["acme/words/2", "acme/words/2.tar.gz"]
    assert {k: statement["predicate"][k] for k in ("publisher", "model", "version", "kind")} == {
        "publisher": "acme",
        "model": "words",
        "version": 2,
        "kind": "saved_model",
    }


def test_openssl_verifies_an_envelope(tmp_path, key, envelope):
    pem = key._key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    payload = envelope.payload
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    for name, content in {"key": pem, "sig": envelope.signatures[0][1], "message": message}.items():
        (tmp_path / name).write_bytes(content)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "message"]
    done = subprocess.run(
        [*command, "-sigfile", "sig"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_envelope_and_its_statement_are_read_again(key, envelope):
    again = Envelope.from_text(envelope.to_text())
    assert again == envelope
    assert again.signer([key.public]) == key.public
    assert Statement.from_bytes(again.payload) == STATEMENT


@given(data=st.data())
def test_no_bit_of_an_envelope_can_be_flipped(data, key, envelope):
    """It is refused, or it says the same as before: no other statement is accepted."""
    text = envelope.to_text().encode()
    at = data.draw(st.integers(0, len(text) * 8 - 1))
    turned = bytearray(text)
    turned[at // 8] ^= 1 << at % 8
    try:
        found = Envelope.from_text(turned.decode("utf-8", "replace"))
        signer = found.signer([key.public])
        statement = Statement.from_bytes(found.payload)
    except FormatError:
        return
    assert signer is None or statement == STATEMENT


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_other_values_are_not_a_statement(payload):
    with pytest.raises(FormatError, match="Expected a statement about a version"):
        Statement.from_bytes(payload)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.sampled_from(["payload", "payloadType", "signatures"]), _JSON)
def test_a_field_of_another_type_is_refused(field, value):
    text = json.dumps({"payload": "", "payloadType": "application/vnd.in-toto+json", "signatures": []})
    with pytest.raises(FormatError, match="Expected a signed envelope"):
        Envelope.from_text(json.dumps({**json.loads(text), field: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"version": True},
        {"version": 0},
        {"version": "2"},
        {"publisher": "acme/words"},
        {"model": "../words"},
        {"kind": "Saved Model"},
        {"digest": "sha1:" + "a" * 40},
        {"signed_at": "yesterday"},
        {"signed_at": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_statement_with_a_wrong_field_is_refused(change):
    value = json.loads(STATEMENT.to_bytes())
    value["predicate"] |= change
    with pytest.raises(FormatError, match="Expected a statement about a version"):
        Statement.from_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def test_subject_and_predicate_have_to_agree():
    value = json.loads(STATEMENT.to_bytes())
    value["subject"][0]["digest"]["sha256"] = "c" * 64
    with pytest.raises(FormatError, match="Expected a statement about a version"):
        Statement.from_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def test_a_very_large_envelope_is_refused_before_it_is_read(envelope):
    with pytest.raises(FormatError, match=f"at most {LARGEST} characters, got"):
        Envelope.from_text(envelope.to_text() + " " * LARGEST)
    nested = '{"payload":' + "[" * (LARGEST - 100)
    with pytest.raises(FormatError, match="Expected a signed envelope"):
        Envelope.from_text(nested)


def test_a_signature_by_another_key_or_of_another_payload_has_no_signer(tmp_path, key, envelope):
    other = new_private_key(tmp_path / "other.pem")
    assert envelope.signer([other.public]) is None
    moved = dataclasses.replace(
        envelope,
        payload=sign_statement(
            dataclasses.replace(STATEMENT, name=ModelName("acme", "words", 3)), key
        ).payload,
    )
    assert moved.signer([key.public]) is None


def test_of_several_signatures_one_by_a_known_key_is_enough(tmp_path, key, envelope):
    other = sign_statement(STATEMENT, new_private_key(tmp_path / "other.pem"))
    both = dataclasses.replace(envelope, signatures=other.signatures + envelope.signatures)
    assert Envelope.from_text(both.to_text()).signer([key.public]) == key.public


def test_a_private_key_is_kept_to_its_user_and_never_overwritten(tmp_path):
    path = tmp_path / "key.pem"
    made = new_private_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_private_key(path).public == made.public
    assert "PRIVATE" not in repr(made)
    assert "Ed25519" not in repr(made)
    with pytest.raises(SettingsError, match="Expected to be able to write the key file .*: File exists"):
        new_private_key(path)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match=r"may be read by other users \(mode 640\)"):
        load_private_key(path)


def test_an_encrypted_key_takes_its_passphrase(tmp_path):
    path = tmp_path / "key.pem"
    made = new_private_key(path, "correct horse")
    assert is_encrypted(path)
    assert load_private_key(path, "correct horse").public == made.public
    for wrong in ("", "battery"):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_private_key(path, wrong)


def test_keys_of_other_kinds_are_refused(tmp_path):
    path = tmp_path / "key.pem"
    content = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, content)
    os.close(descriptor)
    with pytest.raises(SettingsError, match="Expected an Ed25519 key"):
        load_private_key(path)
    path.write_bytes(b"no key")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_private_key(path)


def test_a_passphrase_of_a_key_that_is_not_encrypted_is_reported_in_one_sentence(tmp_path):
    new_private_key(tmp_path / "key.pem")
    with pytest.raises(SettingsError, match=r"not encrypted\. Check"):
        load_private_key(tmp_path / "key.pem", "correct horse")


@pytest.mark.parametrize(
    "text",
    ["", "ed25519:", "ed25519:AAAA", "rsa:" + "A" * 43 + "=", "A" * 43 + "=", "ed25519:" + "A" * 42 + "B="],
)
def test_a_malformed_public_key_is_refused(text):
    with pytest.raises(FormatError, match=re.escape(f"got {text[:80]!r}")):
        PublicKey.parse(text)
