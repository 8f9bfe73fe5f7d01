from __future__ import annotations

import dataclasses

import pytest

from tensorflow_hub.format.module.signature_types import parse_types
from tensorflow_hub.server.search.documents import SearchDocument
from tensorflow_hub.server.search.engine import search, similar
from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.request import SearchRequest

DOCUMENTS = [
    SearchDocument(
        1,
        "acme/text-encoder",
        4,
        description="Encoder of sentences into vectors.",
        facets={"task": ("text-embedding",), "language": ("en",), "format": ("saved_model_2",)},
        interfaces=("inputs:string[?] -> outputs:float32[?,512]",),
        flags=("trainable", "no-custom-ops"),
        size=80_000_000,
        downloads=5000,
        published_at=100,
    ),
    SearchDocument(
        2,
        "acme/text-encoder-large",
        1,
        description="A larger encoder of sentences.",
        facets={"task": ("text-embedding",), "language": ("en", "ja"), "format": ("hub",)},
        interfaces=("inputs:string[?] -> outputs:float32[?,512]",),
        flags=("trainable", "custom-ops"),
        size=600_000_000,
        published_at=300,
    ),
    SearchDocument(
        3,
        "zoo/mobilenet_v2_100_224/classification",
        5,
        description="Imagenet classification with MobileNet V2.",
        facets={"task": ("image-classification",), "format": ("saved_model_2",)},
        interfaces=("inputs:float32[?,224,224,3] -> logits:float32[?,1001]",),
        flags=("no-trainable", "no-custom-ops"),
        size=14_000_000,
        downloads=90,
        published_at=200,
    ),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    index = SearchIndex(tmp_path_factory.mktemp("index"))
    index.change(DOCUMENTS)
    return index


def ids(index, text="", **fields):
    return list(search(index, SearchRequest(text=text, **fields)).ids)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("text encoder large", 2),
        ("mobilenet", 3),
        ("MobileNetV2 classifier", 3),
        ("japanese", 2),
        ("acme/text-encoder", 1),
        ("acme/text-encoder/4", 1),
        ("https://hub.example/acme/text-encoder/4?tf-hub-format=compressed", 1),
        ("tfhub.dev/acme/text-encoder", 1),
        ("moblienet", 3),  # two letters swapped
        ("mobilnet clasification", 3),
        ("mobilen", 3),  # cut short
        ("textencoder", 1),  # written as one
        ("photo classifier", 3),  # another way to say it
    ],
)
def test_words_find(index, text, first):
    assert ids(index, text)[0] == first


def test_a_variant_written_with_its_name_is_found(tmp_path):
    index = SearchIndex(tmp_path)
    handles = {number: f"acme/efficientnet/b{number}/classification" for number in range(3)}
    index.change(SearchDocument(n, handles[n], 1, description=f"{7 * n} layers") for n in handles)
    answer = search(index, SearchRequest(text="EfficientNetB1"))
    assert (answer.ids[0], answer.corrected) == (1, None)


def test_the_beginning_of_a_name_finds_it_also_where_another_name_is_just_that(tmp_path):
    index = SearchIndex(tmp_path)
    index.change(
        [
            SearchDocument(1, "acme/regnety200mf", 1),
            SearchDocument(2, "acme/regnet", 1),
        ]
    )
    assert ids(index, "regnet") == [2, 1]


def test_a_phrase_is_found_by_its_other_name(tmp_path):
    index = SearchIndex(tmp_path)
    index.change(
        [
            SearchDocument(1, "acme/wave", 1, facets={"task": ("audio-stt",)}),
            SearchDocument(2, "acme/commands", 1, description="Speech of a few words."),
        ]
    )
    assert ids(index, "speech recognition")[0] == 1


def test_a_collection_ranks_below_its_models(tmp_path):
    index = SearchIndex(tmp_path)
    task = {"task": ("image-classification",)}
    index.change(
        [
            SearchDocument(1, "acme/collection/image-classification", 1, "collection", facets=task),
            SearchDocument(2, "acme/resnet", 1, description="Image classifier.", facets=task),
        ]
    )
    assert ids(index, "image classifier") == [2, 1]


def test_a_correction_is_reported(index):
    assert search(index, SearchRequest(text="moblienet")).corrected == "mobilenet"
    assert search(index, SearchRequest(text="mobilenet")).corrected is None


def test_a_word_without_similar_words_finds_nothing(index):
    answer = search(index, SearchRequest(text="qqqqqqqq"))
    assert (answer.ids, answer.total) == ((), 0)


@pytest.mark.parametrize(
    "text", ["", "   ", "///", "\0", "a" * 300, '"', "AND OR NOT", "name:x*", "💥", "the"]
)
def test_any_text_is_answered(index, text):
    search(index, SearchRequest(text=text))


def test_filters_narrow_and_facets_count_what_a_choice_would_give(index):
    answer = search(index, SearchRequest(filters={"task": ("text-embedding",)}))
    assert set(answer.ids) == {1, 2}
    assert dict(answer.facets["task"]) == {"text-embedding": 2, "image-classification": 1}
    assert dict(answer.facets["language"]) == {"en": 2, "ja": 1}
    assert ids(index, filters={"task": ("text-embedding",), "format": ("hub", "saved_model")}) == [2]


def test_typed_search(index):
    encoder = parse_types("string -> float32[512]")
    assert set(ids(index, interface=encoder)) == {1, 2}
    assert ids(index, interface=encoder, max_size=100_000_000, trainable=True, custom_ops=False) == [1]
    assert ids(index, interface=parse_types("string -> float32[20]")) == []
    assert ids(index, interface=parse_types("float32[224,224,3] -> float32"), trainable=False) == [3]


def test_orders(index):
    assert ids(index, sort="newest") == [2, 3, 1]
    assert ids(index, sort="downloads")[:2] == [1, 3]
    assert ids(index, sort="size", max_size=10**9) == [3, 1, 2]
    assert ids(index)[0] == 1, "without words the most used comes first"


def test_in_other_orders_than_by_relevance_no_word_is_missing(index):
    assert set(ids(index, "japanese encoder")) == {1, 2}
    assert ids(index, "japanese encoder", sort="newest") == [2]
    assert ids(index, "japanese imagenet", sort="newest") == [2, 3], "unless nothing has them all"


def test_pages_do_not_overlap(index):
    pages = [ids(index, "encoder imagenet", page=page, page_size=1) for page in (1, 2, 3, 4)]
    assert sorted(found for page in pages for found in page) == [1, 2, 3]


@pytest.fixture
def many(tmp_path):
    """640 models of which 20 are much used and 80 have a rare word."""
    index = SearchIndex(tmp_path)
    documents = []
    for number in range(640):
        used, rare = number % 32 == 5, number % 8 == 0
        description = "An encoder of unusual sounds." if rare else "An encoder."
        handle = f"acme/model{number}"
        documents.append(SearchDocument(number, handle, 1, description=description, downloads=4000 * used))
    index.change(documents)
    return index


def test_of_many_alike_the_much_used_are_first_and_pages_do_not_overlap(many):
    answer = search(many, SearchRequest(text="encoder", page_size=20))
    assert answer.total == 640
    assert {id_ % 32 for id_ in answer.ids} == {5}
    pages = [ids(many, "encoder", page=page, page_size=20) for page in range(1, 33)]
    assert sorted(found for page in pages for found in page) == list(range(640))


def test_a_rare_word_leaves_the_models_that_have_it(many):
    answer = search(many, SearchRequest(text="encoder of unusual sounds"))
    assert answer.total == 80
    assert all(id_ % 8 == 0 for id_ in answer.ids)


def test_many_can_be_looked_through_without_words(many):
    answer = search(many, SearchRequest(page_size=20))
    assert answer.total == 640
    assert {id_ % 32 for id_ in answer.ids} == {5}
    assert search(many, SearchRequest(text="encoder", sort="newest")).total == 640


def test_models_with_files_rank_above_documentation(tmp_path):
    index = SearchIndex(tmp_path)
    index.change(
        [
            SearchDocument(1, "acme/encoder-of-words", 1, description="An encoder of words."),
            SearchDocument(2, "acme/other", 1, description="Words, by an encoder.", size=10**6),
            SearchDocument(3, "acme/words", 1, description="Anything."),
        ]
    )
    assert ids(index, "encoder words") == [2, 1, 3]
    assert ids(index)[0] == 2
    assert ids(index, "words")[0] == 3, "a name that is just the question"


def test_a_handle_is_first_among_very_many_too(many):
    assert ids(many, "acme/model7")[0] == 7


def test_similar_models(index):
    assert similar(index, 1)[0] == 2
    assert 4 not in similar(index, 1)
    assert similar(index, 99) == ()


def test_similar_models_are_of_the_same_domain_first(tmp_path):
    """A new image classifier was said to be like those of texts: the tools write both cards alike."""
    card = "Classifies into classes on features. Trained on examples, chosen on others, of one collection."

    def document(id, name, domain):
        facets = {"domain": (domain,), "task": (f"{domain}-classification",)}
        return SearchDocument(id, name, 1, description=card, facets=facets)

    index = SearchIndex(tmp_path)
    photos = "A network for photos."
    index.change(
        [
            document(1, "acme/cats", "image"),
            *(document(number, f"acme/cats-{number}", "text") for number in range(10, 14)),
            *(
                dataclasses.replace(document(number, f"zoo/net-{number}", "image"), description=photos)
                for number in range(20, 60)
            ),
            SearchDocument(4, "zoo/other", 1, description="Features and classes of collections."),
        ]
    )
    assert all(number >= 20 for number in similar(index, 1))
    assert len(similar(index, 1)) == 6
    assert similar(index, 4), "a model without a domain is like others, too"


def test_similar_models_after_many_changes(tmp_path):
    """The statistics of words count replaced documents for a while: more of them than there are documents."""
    index = SearchIndex(tmp_path)
    index.change(
        dataclasses.replace(DOCUMENTS[0], id=number, handle=f"acme/text-encoder-{number}")
        for number in range(40)
    )
    index.change([], removed=range(2, 40))
    assert set(similar(index, 1)) <= {0}
    assert search(index, SearchRequest(text="encoder")).total == 2


def test_a_changed_document_replaces_the_old_one(tmp_path):
    index = SearchIndex(tmp_path)
    for version in (1, 2):
        document = SearchDocument(7, "acme/thing", version, description=f"word{'a' * version}")
        index.change([document], removed=[7])
    assert ids(index, "thing") == [7]
    assert ids(index, "wordaa") == [7]
    index.change([], removed=[7])
    assert ids(index, "thing") == []


def test_answers_are_kept_while_nothing_changes(tmp_path):
    index = SearchIndex(tmp_path)
    index.change([SearchDocument(1, "acme/open", 1)])
    asked = SearchRequest()
    first = search(index, asked)
    assert search(index, asked) is first
    assert first.ids == (1,)
    assert search(index, SearchRequest(with_facets=False)).facets == {}
    index.change([], removed=[1])
    assert search(index, asked).ids == ()


def test_a_damaged_index_is_made_again(tmp_path):
    SearchIndex(tmp_path).change([DOCUMENTS[0]])
    (tmp_path / "meta.json").write_text("{")
    assert ids(SearchIndex(tmp_path), "encoder") == []


def test_the_number_of_pages_is_limited(index):
    answer = search(index, SearchRequest(text="encoder", page=10_000, page_size=100))
    assert (answer.ids, answer.total) == ((), 2)


def test_a_handle_finds_only_what_the_filters_leave(index):
    assert ids(index, "acme/text-encoder", filters={"publisher": ("zoo",)}) == []


def test_a_word_of_thousands_of_models_is_not_enough_beside_a_rarer_one(tmp_path):
    index = SearchIndex(tmp_path)
    many = [SearchDocument(number, f"acme/words-{number}", 1) for number in range(1, 10_002)]
    few = [SearchDocument(20_000 + number, f"zoo/zebra-{number}", 1) for number in range(2)]
    index.change([*many, *few], bulk=True)
    assert search(index, SearchRequest(text="words")).total == 10_001
    found = search(index, SearchRequest(text="zebra words"))
    assert (found.total, found.relaxed, set(found.ids)) == (2, True, {20_000, 20_001})


def test_of_models_with_some_of_several_common_words_those_with_all_are_first(tmp_path):
    index = SearchIndex(tmp_path)
    names = ["red", "blue"] * 10_001 + ["red-blue"] * 3
    handles = [f"acme/{name}-{number}" for number, name in enumerate(names)]
    index.change((SearchDocument(n, handle, 1, size=n) for n, handle in enumerate(handles)), bulk=True)
    found = search(index, SearchRequest(text="red blue", page_size=5))
    assert (found.total, found.relaxed, set(found.ids[:3])) == (20_005, True, {20_002, 20_003, 20_004})
    assert len(set(found.ids)) == 5
