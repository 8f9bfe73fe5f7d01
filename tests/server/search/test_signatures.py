from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import FormatError
from tensorflow_hub.server.search.signatures import (
    Interface,
    Tensor,
    matches,
    parse_interface,
    wanted_interface,
)

ENCODER = "inputs:string[?] -> outputs:float32[?,512]"
IMAGE = "images:float32[?,224,224,3] -> default:float32[?,1280]"
BERT = (
    "mask:int32[?,?], types:int32[?,?], word_ids:int32[?,?] "
    "-> default:float32[?,768], sequence:float32[?,?,768]"
)


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [
        ("string -> float32[512]", ENCODER, True),
        ("string → float32[?,512]", ENCODER, True),
        ("str[] => float[512]", ENCODER, True),
        ("string -> float32", ENCODER, True),
        ("-> float32[512]", ENCODER, True),
        ("* -> *", ENCODER, True),
        ("inputs:string -> outputs:*", ENCODER, True),
        ("text:string -> float32", ENCODER, False),
        ("string -> float32[128]", ENCODER, False),
        ("int32 -> float32[512]", ENCODER, False),
        ("string, string -> float32[512]", ENCODER, False),
        ("float32[224,224,3] -> float32[1280]", IMAGE, True),
        ("float32[299,299,3] -> float32[1280]", IMAGE, False),
        ("float32[?,?,3] -> float32", IMAGE, True),
        ("int32[128], int32[128], int32[128] -> float32[768]", BERT, True),
        ("int32, int32, int32 -> float32[?,?,768], float32[768]", BERT, True),
        ("int32, int32 -> float32[768]", BERT, False),
    ],
)
def test_matching(wanted, offered, fits):
    assert matches(parse_interface(wanted), parse_interface(offered)) is fits


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
def test_something_that_is_not_an_interface_is_refused(text):
    with pytest.raises(FormatError, match="Expected an interface such as 'string -> float32\\[512\\]'"):
        parse_interface(text)


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
        wanted_interface(text)


@pytest.mark.parametrize("text", ["text => int", "x:* -> bfloat16[?]", "unknown ->"])
def test_every_dtype_of_a_model_can_be_searched_for(text):
    assert wanted_interface(text) == parse_interface(text)


names = st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
shapes = st.none() | st.lists(st.none() | st.integers(0, 10**6), max_size=4).map(tuple)
tensors = st.builds(Tensor, st.sampled_from(["string", "float32", "int64", "*"]), shapes, names)
interfaces = st.builds(
    Interface, st.lists(tensors, max_size=4).map(tuple), st.lists(tensors, max_size=4).map(tuple)
)


@given(interfaces)
def test_reading_gives_back_what_was_written(interface):
    assert parse_interface(str(interface)) == interface


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(FormatError):
        parse_interface(text)


def test_no_question_takes_long():
    offered = parse_interface(f"{', '.join(['float32'] * 12)} -> float32")
    wanted = parse_interface(f"{', '.join(['*'] * 11)}, string -> float32")
    assert not matches(wanted, offered)


@given(st.lists(tensors, max_size=4), st.lists(tensors, max_size=4))
def test_matching_agrees_with_trying_all_orders(wanted, offered):
    alone = [[matches(Interface((), (want,)), Interface((), (have,))) for have in offered] for want in wanted]
    expected = any(
        all(alone[i][j] for i, j in enumerate(order))
        for order in itertools.permutations(range(len(offered)), len(wanted))
    )
    assert matches(Interface((), tuple(wanted)), Interface((), tuple(offered))) is (expected or not wanted)
