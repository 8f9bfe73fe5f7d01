"""Forms with files: what browsers and programs send, and what nobody should."""

from __future__ import annotations

import contextlib
import time

import pytest
import requests

from tensorflow_hub.server.core.multipart import read_multipart
from tensorflow_hub.server.core.problems import Malformed

KIND = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a"%s\r\n\r\n%s\r\n'
END = b"--x--\r\n"


def test_what_a_program_sends_is_read():
    content = bytes(range(256)) * 10 + b"\r\n--"
    files = [("one", ("ä \N{CAT}.png", content, "image/png")), ("one", ("b", b"")), ("two", ("c", b"2"))]
    sent = requests.Request("POST", "http://hub", data={"text": "ü\r\nb"}, files=files).prepare()
    form = read_multipart(sent.headers["Content-Type"], sent.body)
    assert form.texts == {"text": "ü\r\nb"}
    assert [(file.name, file.content) for file in form.files["one"]] == [
        ("ä \N{CAT}.png", content),
        ("b", b""),
    ]
    assert [file.content for file in form.files["two"]] == [b"2"]


def test_names_are_those_that_were_chosen_and_no_file_is_none():
    body = PART % (b'; filename="a%22b%0D%0A50%.png"', b"1") + PART % (b'; filename=""', b"") + END
    [file] = read_multipart(KIND, body).files["a"]
    assert file.name == 'a"b\r\n50%.png'


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("multipart/form-data", b"", "there is no boundary"),
        (f"multipart/form-data; boundary={'x' * 300}", b"", "there is no boundary"),
        (KIND, b"", "it begins or ends in the middle"),
        (KIND, PART % (b"", b"1"), "it begins or ends in the middle"),
        (KIND, b"before\r\n" + PART % (b"", b"1") + END, "it begins or ends in the middle"),
        (KIND, b"--x\r\nno header\r\n" + END, "a part has no header"),
        (KIND, PART % (b"; x=" + b"y" * 3000, b"1") + END, "a very long one"),
        (KIND, b"--x\r\nA: b\r\n\r\n1\r\n" + END, "a part has no name"),
        (KIND, PART % (b"", b"\xff") + END, "a text is not UTF-8"),
        (KIND, PART % (b"\xff", b"1") + END, "a text is not UTF-8"),
        (KIND, PART % (b"", b"1") * 60 + END, "more than 50 parts"),
    ],
)
def test_a_malformed_body_is_reported(kind, body, words):
    with pytest.raises(Malformed, match=words):
        read_multipart(kind, body)


@pytest.mark.parametrize("bytes_", [b"\r\n--x", b"\r\n", b"-", b"\r\n--x--", b"\r\n--x\r\n"])
def test_hostile_bodies_take_no_time(bytes_):
    body = PART % (b'; filename="a"', bytes_ * ((8 << 20) // len(bytes_))) + END
    started = time.process_time()
    with contextlib.suppress(Malformed):
        read_multipart(KIND, body)
    assert time.process_time() - started < 1
