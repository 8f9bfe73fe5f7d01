"""Names on Kaggle, Hugging Face and tfhub.dev: all spellings are read, hostile ones refused by their part."""

from __future__ import annotations

import contextlib
import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import HandleError
from tensorflow_hub.services.hugging_face import HuggingFaceHandle, is_hugging_face
from tensorflow_hub.services.kaggle import FRAMEWORKS, KaggleHandle, is_kaggle
from tensorflow_hub.services.tfhub_dev import TfhubDevHandle, is_tfhub_dev

SLUGS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_]{0,10}[.-]?[A-Za-z0-9]){0,3}", fullmatch=True)
VERSIONS = st.none() | st.integers(1, 2**31 - 1)
KAGGLE = st.builds(
    KaggleHandle, SLUGS, SLUGS, st.sampled_from(["tensorFlow1", "tensorFlow2"]), SLUGS, VERSIONS
)
REVISIONS = st.from_regex(r"[A-Za-z0-9]([/.+-]?[A-Za-z0-9]){0,8}", fullmatch=True)
FOLDERS = st.lists(
    st.text(
        st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8
    ).filter(lambda part: part not in {".", ".."}),
    max_size=3,
).map("/".join)
HUGGING_FACE = st.builds(
    HuggingFaceHandle,
    NAMES.filter(lambda name: name not in {"docs", "api", "blog"}),
    NAMES,
    st.just("") | REVISIONS,
    FOLDERS,
)
ENDINGS = st.sampled_from(["", "/", "?tfhub-redirect=true", "/?a=b#c", "#x"])


@given(KAGGLE, ENDINGS)
def test_every_spelling_of_a_name_on_kaggle_is_the_same(handle, ending):
    version = "" if handle.version is None else f"/{handle.version}"
    long = f"{handle.owner}/{handle.model}/frameworks/{handle.framework}/variations/{handle.variation}"
    long += "" if handle.version is None else f"/versions/{handle.version}"
    for text in (
        str(handle),
        f"KAGGLE://{handle.path}",
        handle.page,
        f"http://kaggle.com/models/{handle.path}",
        f"https://www.kaggle.com/models/{long}",
        f"kaggle://{handle.owner}/{handle.model}/Tensor_Flow_{handle.framework[-1]}/{handle.variation}{version}",
    ):
        assert KaggleHandle.parse(text + ending) == handle
        assert is_kaggle(text + ending)


@given(HUGGING_FACE, st.sampled_from(["", "/", "?library=tf-keras", "#x"]))
def test_every_spelling_of_a_name_on_hugging_face_is_the_same(handle, ending):
    assert HuggingFaceHandle.parse(str(handle) + ending) == handle
    assert is_hugging_face(str(handle))
    if handle.revision or not handle.folder:
        assert HuggingFaceHandle.parse(handle.page + ending) == handle
        assert is_hugging_face(handle.page)


@given(
    st.text()
    | st.from_regex(r"(kaggle|hf|https?)://(www\.)?(kaggle\.com|huggingface\.co|tfhub\.dev)?.{0,30}")
)
def test_any_text_is_a_name_or_refused(text):
    for parse in (KaggleHandle.parse, HuggingFaceHandle.parse, TfhubDevHandle.parse):
        with contextlib.suppress(HandleError):
            handle = parse(text)
            assert parse(str(handle)) == handle
            assert ".." not in re.split("[/@]", urllib.parse.unquote(str(handle).partition("://")[2]))
    assert {is_kaggle(text), is_hugging_face(text), is_tfhub_dev(text)} <= {True, False}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kaggle://google/yamnet", r"owner/model/framework/variation .* with 2"),
        ("kaggle://google/yamnet/tensorFlow2/yamnet/1/extra", r"with 6\."),
        ("kaggle://", r"with 1\."),
        ("https://www.kaggle.com/models", r"with 1\."),
        ("https://www.kaggle.com/models?tfhub-redirect=true", r"with 1\."),
        ("https://www.kaggle.com/models/a/b/frameworks/tensorFlow2/versions/1", r"with 6\."),
        ("kaggle://google/../tensorFlow2/yamnet/1", r"in the model of a model on Kaggle, got '\.\.'"),
        ("kaggle://go ogle/yamnet/tensorFlow2/yamnet/1", r"in the owner .*'go ogle'"),
        ("kaggle://google/yamnet/tensorFlow2/%2e%2e/1", r"in the variation .*'%2e%2e'"),
        ("kaggle://google/yamnet/tensorFlow2/-x/1", r"in the variation .*'-x'"),
        ("kaggle://google/yamnet/tensorFlow3/yamnet/1", r"tensorFlow1 or tensorFlow2, got 'tensorFlow3'"),
        ("kaggle://google/yamnet/TFLite/yamnet/1", r"got 'TFLite' .* holds no SavedModel"),
        ("kaggle://google/yamnet/py_torch/yamnet/1", r"got 'py_torch' .* holds no SavedModel"),
        ("kaggle://google/yamnet/tensorFlow2/yamnet/0", r"Expected a version from 1"),
        ("kaggle://google/yamnet/tensorFlow2/yamnet/01", r"Expected a version from 1"),
        ("kaggle://google/yamnet/tensorFlow2/yamnet/9999999999", r"Expected a version from 1"),
        ("kaggle://google/yamnet/tensorFlow2/yamnet/latest", r"got 'latest'"),
    ],
)
def test_a_refused_name_on_kaggle_says_which_part_is_wrong(text, problem):
    with pytest.raises(HandleError, match=problem):
        KaggleHandle.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hf://acme", r"in the repository .*got ''"),
        ("hf://", r"in the owner .*got ''"),
        ("hf://../words", r"in the owner .*got '\.\.'"),
        ("hf://acme/wo rds", r"in the repository .*got 'wo rds'"),
        ("hf://acme/a--b", r"in the repository"),
        ("hf://datasets/squad", r"a repository of models .* one of 'datasets'"),
        ("https://huggingface.co/spaces/acme/words", r"one of 'spaces'"),
        ("hf://acme/words@", r"a branch, a tag or a commit after @"),
        ("hf://acme/words@../main", r"a branch, a tag or a commit after @, got '\.\.'"),
        ("hf://acme/words@a%2F..%2Fb", r"after @, got 'a/\.\./b'"),
        ("hf://acme/words/a/../b", r"a folder below the repository, got 'a/\.\./b'"),
        ("hf://acme/words/a%5Cb", r"a folder below the repository"),
        ("hf://acme/words/a/%2e%2e", r"a folder below the repository"),
        (
            "https://huggingface.co/acme/words/blob/main/saved_model.pb",
            r"'tree' and a revision .* got 'blob'",
        ),
        ("https://huggingface.co/acme/words/tree", r"a branch, a tag or a commit"),
    ],
)
def test_a_refused_name_on_hugging_face_says_which_part_is_wrong(text, problem):
    with pytest.raises(HandleError, match=problem):
        HuggingFaceHandle.parse(text)


@pytest.mark.parametrize(
    "text", ["https://tfhub.dev", "https://tfhub.dev/google", "https://tfhub.dev/a/b/../c/1"]
)
def test_pages_of_tfhub_dev_without_a_model_are_refused(text):
    with pytest.raises(HandleError, match=r"Expected a model of tfhub\.dev, got"):
        TfhubDevHandle.parse(text)


@pytest.mark.parametrize(
    ("text", "framework"),
    [
        ("https://tfhub.dev/google/yamnet/1", ""),
        ("http://www.tfhub.dev/google/yamnet/1/", ""),
        ("https://hub.tensorflow.google.cn/google/yamnet/1?tf-hub-format=compressed", ""),
        ("https://tfhub.dev/google/yamnet/1?lite-format=tflite", "tfLite"),
        ("https://tfhub.dev/google/yamnet/1?tfjs-format=compressed", "tfJs"),
        ("https://tfhub.dev/google/yamnet/1?coral-format=tflite", "coral"),
    ],
)
def test_tfhub_dev_and_its_chinese_name_are_one(text, framework):
    handle = TfhubDevHandle.parse(text)
    assert is_tfhub_dev(text)
    assert str(handle.name) == "google/yamnet/1"
    assert handle.framework == framework


@given(st.sampled_from(sorted(FRAMEWORKS.values())))
def test_files_of_any_framework_can_be_named_where_that_is_requested(framework):
    assert (
        KaggleHandle.parse(f"kaggle://a/b/{framework.upper()}/c", any_framework=True).framework == framework
    )


def test_a_stand_in_for_a_service_is_known_by_its_address():
    assert is_kaggle("http://127.0.0.1:7/models/a/b/tensorFlow2/c/1", endpoint="http://127.0.0.1:7")
    assert not is_kaggle("http://127.0.0.1:7/a/b/1", endpoint="http://127.0.0.1:7")
    assert is_hugging_face("http://127.0.0.1:7/a/b", endpoint="http://127.0.0.1:7")
    assert not is_hugging_face("http://127.0.0.1:8/a/b", endpoint="http://127.0.0.1:7")
