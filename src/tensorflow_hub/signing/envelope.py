"""The envelope of a signed statement: DSSE (Dead Simple Signing Envelope) in JSON.

    {"payload": "<base64>", "payloadType": "application/vnd.in-toto+json",
     "signatures": [{"keyid": "<id of the key>", "sig": "<base64>"}]}

The signature is computed over `pre_authentication_encoding`, which contains the type of the payload, so that
a signature is valid for one type only. Other tools for DSSE can read and verify these envelopes.

Source: https://github.com/secure-systems-lab/dsse.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.signing.keys import PrivateKey, PublicKey
from tensorflow_hub.signing.statement import PAYLOAD_TYPE, Statement

LARGEST = 16 << 10  # characters
_MOST_SIGNATURES = 8


@dataclasses.dataclass(frozen=True)
class Envelope:
    """A payload with its signatures.

    Attributes:
      payload: the bytes of a statement.
      signatures: pairs of the id of a key and a signature of 64 bytes. They are not verified yet.
    """

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def to_text(self) -> str:
        """The envelope as JSON, for sending and storing."""
        signatures = [{"keyid": key, "sig": _encode(signature)} for key, signature in self.signatures]
        value = {"payload": _encode(self.payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Envelope:
        """Reads an envelope from an untrusted source.

        Raises:
          FormatError: the text is not an envelope, or is longer than `LARGEST`.
        """
        if len(text) > LARGEST:
            raise FormatError(
                f"Expected an envelope of at most {LARGEST} characters, got {len(text)}.", hint=_HINT
            )
        try:
            value: dict[str, Any] = json.loads(text)
            entries = value["signatures"]
            envelope = cls(
                _decode(value["payload"]), tuple((entry["keyid"], _decode(entry["sig"])) for entry in entries)
            )
            is_right = value["payloadType"] == PAYLOAD_TYPE and 1 <= len(entries) <= _MOST_SIGNATURES
            is_right = is_right and all(isinstance(key, str) for key, _ in envelope.signatures)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            is_right = False
        if not is_right:
            raise FormatError(f"Expected a signed envelope (DSSE), got {text[:60]!r}….", hint=_HINT)
        return envelope

    def signer(self, keys: Iterable[PublicKey]) -> PublicKey | None:
        """The first of the keys that has a valid signature of the payload; None if there is none."""
        message = pre_authentication_encoding(self.payload)
        for key in keys:
            for key_id, signature in self.signatures:
                if key_id == key.id and key.verifies(signature, message):
                    return key
        return None


_HINT = "Sign the version with `tfhub sign`."


def sign_statement(statement: Statement, key: PrivateKey) -> Envelope:
    """Signs a statement, and returns an envelope with the statement and the signature."""
    payload = statement.to_bytes()
    signature = key.sign(pre_authentication_encoding(payload))
    return Envelope(payload, ((key.public.id, signature),))


def pre_authentication_encoding(payload: bytes) -> bytes:
    """The bytes to sign: `DSSEv1`, then type and payload, each after its length.

    >>> pre_authentication_encoding(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    """Decodes canonical base64. Other forms are refused, so that an envelope has only one text."""
    data = base64.b64decode(text, validate=True)
    if _encode(data) != text:
        raise binascii.Error("base64 has another form")
    return data
