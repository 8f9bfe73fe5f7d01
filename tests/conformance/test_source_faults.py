"""A bank of faults before every source: each happens once, and the module comes out right, or not at all."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from loopback import Answer, page
from small_modules import files_in, small_module
from source_cases import CASES, ObjectStoreCase, has_module_bytes

import tensorflow_hub as hub

FILES = small_module(1)


def close_connection(answer):
    return dataclasses.replace(answer, cut=0)


def break_off(answer):
    return dataclasses.replace(answer, cut=10_000)


def break_off_at_the_end(answer):
    end = answer.size if answer.end is None else answer.end
    return dataclasses.replace(answer, cut=end - answer.start - 1)


def break_off_without_validator(answer):
    headers = {name: value for name, value in answer.headers.items() if name != "ETag"}
    return dataclasses.replace(answer, cut=10_000, headers=headers)


def change_a_byte(answer):
    body = answer.body if isinstance(answer.body, bytes) else answer.body.read_bytes()
    at = (answer.start + (answer.size if answer.end is None else answer.end)) // 2
    return dataclasses.replace(answer, body=body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def say_another_range(answer):
    if answer.status != 206:
        return close_connection(answer)
    return dataclasses.replace(answer, headers={**answer.headers, "Content-Range": "bytes 7-106/107"})


def ignore_the_range(answer):
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
    return dataclasses.replace(answer, status=200, headers=headers, start=0, end=None)


def refuse(status, **headers):
    return lambda answer: Answer(status, b"", headers)


def html_page(answer):
    return page("Log in to the network")


# Where bytes of the module are sent.
OF_BYTES = {
    "closed connection": close_connection,
    "break": break_off,
    "break-at-the-end": break_off_at_the_end,
    "break-without-validator": break_off_without_validator,
    "wrong-byte": change_a_byte,
    "another-range": say_another_range,
    "whole-for-a-part": ignore_the_range,
    "page": html_page,
}
# Where anything is answered.
OF_ANSWERS = {
    "closed connection": close_connection,
    "408": refuse(408),
    "429": refuse(429, **{"Retry-After": "0"}),
    "500": refuse(500),
    "502": refuse(502),
    "503": refuse(503, **{"Retry-After": "0"}),
    "504": refuse(504),
}
# The library of the store gives no digest to compare with, and takes 4xx for final.
NOT_BEFORE_STORES = {"wrong-byte", "page", "408", "another-range", "whole-for-a-part"}


@pytest.fixture(params=CASES, ids=lambda case: case.__name__.removesuffix("Case"))
def case(request, monkeypatch):
    at_once = "tensorflow_hub.network.retry.RetryPolicy.pause"
    monkeypatch.setattr(at_once, lambda self, attempt, asked=None: 0.01)
    case = request.param(monkeypatch)
    yield case
    case.close()


def check_download_with_fault(case, name, fault, is_meant):
    if isinstance(case, ObjectStoreCase) and name in NOT_BEFORE_STORES:
        pytest.skip("the library of the store decides")
    handle, happened = case.publish(FILES), []

    def once(server, request):
        answer = server.answer_to(request)
        if happened or not is_meant(answer):
            return None
        happened.append(request)
        return fault(answer)

    case.interfere(once)
    found = files_in(hub.resolve(handle))
    assert {path: content for path, content in found.items() if path in FILES} == FILES
    assert happened
    assert not list((Path(os.environ["TFHUB_CACHE_DIR"]) / ".tfhub" / "staging").iterdir())


@pytest.mark.parametrize("name", OF_BYTES)
def test_a_fault_in_the_bytes_passes(case, name):
    check_download_with_fault(case, name, OF_BYTES[name], has_module_bytes)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", OF_ANSWERS)
def test_a_fault_of_an_answer_passes(case, name, number):
    answers = iter(range(1, 1000))
    check_download_with_fault(case, name, OF_ANSWERS[name], lambda answer: next(answers) >= number)
