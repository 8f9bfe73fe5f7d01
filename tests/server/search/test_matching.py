from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.format.module.signature_types import SignatureType, TensorType, parse_types
from tensorflow_hub.server.search.matching import matches

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
    assert matches(parse_types(wanted), parse_types(offered)) is fits


names = st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
shapes = st.none() | st.lists(st.none() | st.integers(0, 10**6), max_size=4).map(tuple)
tensors = st.builds(TensorType, st.sampled_from(["string", "float32", "int64", "*"]), shapes, names)


def test_no_question_takes_long():
    offered = parse_types(f"{', '.join(['float32'] * 12)} -> float32")
    wanted = parse_types(f"{', '.join(['*'] * 11)}, string -> float32")
    assert not matches(wanted, offered)


@given(st.lists(tensors, max_size=4), st.lists(tensors, max_size=4))
def test_matching_agrees_with_trying_all_orders(wanted, offered):
    def fit(want, have):
        return matches(SignatureType((), tuple(want)), SignatureType((), tuple(have)))

    alone = [[fit([want], [have]) for have in offered] for want in wanted]
    expected = any(
        all(alone[i][j] for i, j in enumerate(order))
        for order in itertools.permutations(range(len(offered)), len(wanted))
    )
    assert fit(wanted, offered) is (expected or not wanted)
