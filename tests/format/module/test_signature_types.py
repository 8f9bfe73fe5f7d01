from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.signature_types import (
    SignatureType,
    TensorType,
    parse_types,
    parse_wanted_types,
)


@pytest.mark.parametrize(
    "text",
    [
        "string",
        "a -> b -> c",
        "string -> float32[x]",
        f"string -> float32[{'9' * 5000}]",
        "-> [512]",
        "string float32 -> x",
        "",
    ],
)
def test_text_without_types_of_a_signature_is_refused(text):
    with pytest.raises(FormatError, match="Expected an interface such as 'string -> float32\\[512\\]'"):
        parse_types(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("string", "it has no arrow"),
        ("a -> b -> c", "it has more than one arrow"),
        ("string => x", "'x' is no dtype"),
        ("strng[?] -> float32", "'strng' is no dtype"),
        ("string -> float32[x]", "'x' is no size"),
        ("string -> [512]", r"'\[512\]' does not begin with a tensor"),
        (f"{'string, ' * 12}string -> *", "one side has more than 12 tensors"),
    ],
)
def test_the_error_says_what_is_wrong_and_how_to_write_an_interface(text, reason):
    with pytest.raises(
        FormatError, match=rf": {reason}\. Write inputs -> outputs\. .* For example 'ids:int32"
    ):
        parse_wanted_types(text)


@pytest.mark.parametrize("text", ["text => int", "x:* -> bfloat16[?]", "unknown ->"])
def test_every_dtype_of_a_model_can_be_searched_for(text):
    assert parse_wanted_types(text) == parse_types(text)


names = st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
shapes = st.none() | st.lists(st.none() | st.integers(0, 10**6), max_size=4).map(tuple)
tensors = st.builds(TensorType, st.sampled_from(["string", "float32", "int64", "*"]), shapes, names)
types = st.builds(
    SignatureType, st.lists(tensors, max_size=4).map(tuple), st.lists(tensors, max_size=4).map(tuple)
)


@given(types)
def test_reading_gives_back_what_was_written(types):
    assert parse_types(str(types)) == types


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(FormatError):
        parse_types(text)
