"""Bodies and parameters are read as declared, or refused with the field and its value."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.api.requests import AuditPage, FromOffset, NewToken, NewUpload
from tensorflow_hub.server.core.decoding import decode_body, decode_parameters
from tensorflow_hub.server.core.problems import Malformed


def test_a_body_is_read():
    token = decode_body(b'{"name": "ci", "scope": "read", "publisher": null}', NewToken)
    assert token == NewToken(name="ci", scope="read", publisher=None, days=None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": "ci", "scope": "read", "colour": 1}', "The field 'colour' is not known here"),
        (b'{"name": "ci"}', "Expected the field 'scope', got none"),
        (b"", "Expected the field 'name', got none"),
        (b'{"name": 7, "scope": "read"}', "Expected the field 'name' as str, got '7'"),
        (b'{"name": "", "scope": "read"}', "Expected the field 'name' as str of length >= 1, got ''"),
        (b'{"name": "ci", "scope": "read", "days": 0}', "Expected the field 'days' as int >= 1, got '0'"),
        (b'{"name": "ci", "scope": "read", "days": true}', "Expected the field 'days' as int, got 'True'"),
        (
            b'{"name": "ci", "scope": "read", "days": 1e999}',
            "Expected the field 'days' as a number of 64 bits",
        ),
        (b'{"name": "ci", "days": NaN}', "Expected the field 'days' as a number, got 'NaN'"),
        (b'{"name": [NaN]}', "Expected the field 'name' as str"),
        (b"[1]", "Expected a JSON object as body, got a list"),
        (b"name=ci", "Expected a JSON body"),
        (b"\xff", "Expected a JSON body"),
        (b"[" * 9000, "Expected a JSON body"),
    ],
)
def test_missing_fields_of_a_body_are_reported(body, message):
    with pytest.raises(Malformed, match=message):
        decode_body(body, NewToken)


def test_a_digest_of_another_form_is_refused():
    body = b'{"handle": "a/b/1", "size": 1, "sha256": "abc"}'
    with pytest.raises(Malformed, match="Expected the field 'sha256' as str matching regex .*, got 'abc'"):
        decode_body(body, NewUpload)


def test_parameters_are_read():
    assert decode_parameters({"before": "12", "other": "x"}, AuditPage) == AuditPage(None, 12)
    assert decode_parameters({"Upload-Offset": "0"}, FromOffset).offset == 0


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "9" * 30])
def test_an_offset_is_a_number_that_the_database_has(offset):
    with pytest.raises(Malformed, match="Expected the field 'Upload-Offset' as int"):
        decode_parameters({"Upload-Offset": offset}, FromOffset)


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: f'{{"name": "{text}"}}'.encode()))
def test_any_body_is_read_or_refused(body):
    with contextlib.suppress(Malformed):
        decode_body(body, NewToken)
