from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.server.search.words import stem, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MobileNetV2", "mobilenet_v2"),
        ("mobilenet-v2", "MOBILENET V2"),
        ("resnet50", "ResNet 50"),
        ("YOLOv5", "yolo v5"),
        ("EfficientNetV2B0", "efficientnet v2 b0"),
        ("imagenet21k", "ImageNet 21k"),
        ("conv3d", "conv 3d"),
        ("naïve", "naive"),
    ],
)
def test_ways_to_write_one_thing_give_the_same_words(one, other):
    assert words(one) == words(other)


@pytest.mark.parametrize(
    "forms",
    [
        "classifier classifiers classify classification",
        "detect detector detectors detection",
        "segment segmenter segmentation",
        "generator generate generated generation",
        "recognize recognizes recognise recogniser recognition",
        "translate translator translation",
        "estimator estimation",
        "transcript transcription",
        "colour color colourise colorization",
        "tokeniser tokenize tokenization",
        "denoise denoising",
    ],
)
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(form) for form in forms.split()}) == 1


def test_words_that_look_alike_keep_their_stems():
    words_alike = "image imagine action active station state four for noise nose position pose"
    different = words_alike.split()
    assert len({stem(word) for word in different}) == len(different)


@given(st.text(max_size=200))
def test_words_never_hold_spaces_or_upper_case_and_any_text_is_taken(text):
    for word in words(text):
        assert word
        assert not any(char.isspace() for char in word)


@given(st.text(max_size=100))
def test_words_of_words_are_the_same_words(text):
    once = words(text)
    if text.isascii():
        assert words(" ".join(once)) == once
