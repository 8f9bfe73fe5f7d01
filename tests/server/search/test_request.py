from __future__ import annotations

import contextlib
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.format.card.facets import FACET_KEYS
from tensorflow_hub.format.module.interfaces import INTERFACES
from tensorflow_hub.format.module.signature_types import parse_types
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.request import SORTS, SearchRequest

texts = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
values = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


def filters_of(key):
    """The values of a filter; other values of `interface` than the known ones are read as typed."""
    value = st.sampled_from(sorted(INTERFACES)) if key == "interface" else values
    return st.lists(value, min_size=1, max_size=3, unique=True).map(tuple)


requests = st.builds(
    SearchRequest,
    text=st.just("") | texts,
    filters=st.sets(st.sampled_from(FACET_KEYS), max_size=3).flatmap(
        lambda keys: st.fixed_dictionaries({key: filters_of(key) for key in sorted(keys)})
    ),
    interface=st.none() | st.sampled_from(["string -> float32[512]", "-> float32"]).map(parse_types),
    max_size=st.none() | st.integers(0, 10**12),
    trainable=st.none() | st.booleans(),
    custom_ops=st.none() | st.booleans(),
    sort=st.sampled_from(SORTS),
    page=st.integers(1, 50),
    page_size=st.integers(1, 100),
)


@given(requests)
def test_the_link_of_a_question_asks_it_again(request):
    query = request.to_url().partition("?")[2]
    assert SearchRequest.parse(parse_qsl(query)) == request


def test_a_filter_is_put_on_and_taken_off():
    request = SearchRequest(text="bert", page=3).with_filter("task", "text-embedding")
    assert request.to_url() == "/s?q=bert&task=text-embedding"
    assert request.with_filter("task", "text-embedding").to_url() == "/s?q=bert"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("page", "0"), "Expected a number from 1 to 10000, got '0'"),
        (("page_size", "1000"), "Expected a number from 1 to 100"),
        (("page", "000000000001" + "9" * 5000), "Expected a number from 1 to 10000"),
        (("sort", "best"), "Expected one of relevance, newest, downloads, size, got 'best'"),
        (("max_size", "big"), "Expected a size such as 100MB, got 'big'"),
        (("max_size", "²MB"), "Expected a size such as 100MB"),
        (("trainable", "perhaps"), "Expected true or false"),
        (("interface", "-> ->"), "Expected an interface"),
        (("interface", "nonsense"), "Expected an interface"),
        (("interface", "string => x"), "Expected an interface .*: 'x' is no dtype"),
    ],
)
def test_values_that_cannot_be_read_are_refused(pair, message):
    with pytest.raises(Malformed, match=message):
        SearchRequest.parse([pair])


def test_a_size_is_one_that_the_index_has_numbers_for(tmp_path):
    """Else it answered by an error, which would be taken for a damaged index."""
    request = SearchRequest.parse([("max_size", "9" * 15 + "GB")])
    assert search(SearchIndex(tmp_path / "index"), request).total == 0


def test_sizes():
    asked = [SearchRequest.parse([("max_size", text)]) for text in ("7", "1.5 GB", "64MiB", "2k b")]
    assert [request.max_size for request in asked] == [7, 1_500_000_000, 2**26, 2000]


keys = st.sampled_from(
    ["q", "task", "interface", "max_size", "trainable", "sort", "page", "page_size", "other"]
)


@given(
    st.lists(
        st.tuples(keys, st.text(max_size=20) | st.sampled_from(["1", "true", "a -> b", "9" * 50])), max_size=6
    )
)
def test_any_parameters_are_read_or_refused(pairs):
    with contextlib.suppress(Malformed):
        SearchRequest.parse(pairs)
