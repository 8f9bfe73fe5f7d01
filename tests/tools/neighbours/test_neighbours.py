"""Neighbours: right ones, in order, by text, image and item; on the command line and on the page."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tool_data import BAD, reviews_rows, write_image

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, HubError
from tensorflow_hub.tools.neighbours.index import About, Index, Item, normalised, write_index
from tensorflow_hub.tools.neighbours.pages import SearchServer
from tensorflow_hub.tools.neighbours.searching import MINIMUM, exact_search


def make_index(folder, vectors, exact):
    folder.mkdir(exist_ok=True)
    about = About("m", {}, "text", "x.txt", len(vectors), vectors.shape[1], exact)
    write_index(folder, [vectors], [Item(str(i), f"text {i}") for i in range(len(vectors))], about)
    return Index(folder)


@given(st.integers(1, 80), st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=40)
def test_exact_search_is_a_sort(count, k, seed):
    random = np.random.default_rng(seed)
    vectors = normalised(random.normal(size=(count, 6)).astype(np.float32))
    queries = normalised(random.normal(size=(70, 6)).astype(np.float32))
    numbers, cosines = exact_search(vectors, queries, min(k, count))
    expected = -np.sort(-(queries @ vectors.T), axis=1)[:, : min(k, count)]
    np.testing.assert_allclose(cosines, expected, atol=1e-6)
    np.testing.assert_allclose(np.einsum("qkd,qd->qk", vectors[numbers], queries), cosines, atol=1e-6)


@pytest.mark.parametrize("dimension", [32, 33])  # codes are of pairs of numbers
def test_approximate_search_finds_nearly_what_exact_search_finds(dimension, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(5000, dimension)).astype(np.float32)
    queries = np.random.default_rng(1).normal(size=(100, dimension)).astype(np.float32)
    exact, approximate = (make_index(tmp_path / str(e), vectors, e) for e in (True, False))
    wanted, found = exact.search(queries, 10)[0], approximate.search(queries, 10)[0]
    hits = [len({*a} & {*b}) for a, b in zip(wanted.tolist(), found.tolist(), strict=True)]
    assert np.mean(hits) / 10 > 0.95
    assert approximate.search(vectors[7:8], 1)[0].tolist() == [[7]]


def test_approximate_search_finds_more_than_its_cells_hold(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(MINIMUM, 8)).astype(np.float32)
    exact, approximate = (make_index(tmp_path / str(e), vectors, e) for e in (True, False))
    numbers, cosines = approximate.search(vectors[:3], MINIMUM)
    assert sorted(numbers[0].tolist()) == list(range(MINIMUM))
    np.testing.assert_allclose(cosines, exact.search(vectors[:3], MINIMUM)[1], atol=1e-6)


def test_many_equal_vectors_can_be_searched(tmp_path):
    vectors = np.ones((2000, 4), np.float32)
    numbers, cosines = make_index(tmp_path, vectors, False).search(vectors[:1], 5)
    assert len(set(numbers[0].tolist())) == 5
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_a_damaged_approximate_index_is_refused(tmp_path):
    make_index(tmp_path, np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32), False)
    (tmp_path / "approximate.faiss").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"not an index of neighbours: approximate\.faiss is damaged"):
        Index(tmp_path)


def test_an_index_with_a_graph_of_an_earlier_version_is_searched_exactly(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    make_index(tmp_path, vectors, False)
    (tmp_path / "approximate.faiss").rename(tmp_path / "graph.usearch")
    about = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps({**about, "format": 1}))
    assert Index(tmp_path).search(vectors[7:8], 1)[0].tolist() == [[7]]


@pytest.fixture(scope="module")
def sentences(tmp_path_factory, text_module):
    folder = tmp_path_factory.mktemp("neighbours")
    (folder / "texts.csv").write_text(
        "id,text\n" + "".join(f"{i},{t}\n" for i, (t, _) in enumerate(reviews_rows(80)))
    )
    hub.tools.build_neighbours(text_module, folder / "texts.csv", folder / "index")
    return folder / "index"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photos, image_module):
    folder = tmp_path_factory.mktemp("pictures") / "index"
    hub.tools.build_neighbours(image_module, photos, folder)
    return folder


def test_texts(sentences):
    (found,) = hub.tools.Finder(sentences).texts(["dreadful dull tedious clumsy weak"], k=5)
    assert len(found) == 5
    assert sum(any(word in n.text for word in BAD) for n in found) == 5
    assert [n.cosine for n in found] == sorted((n.cosine for n in found), reverse=True)


def test_the_same_text_is_its_own_nearest(sentences):
    text = reviews_rows(80)[5][0]
    best = hub.tools.Finder(sentences).texts([text], k=1)[0][0]
    assert (best.text, best.key) == (text, "6")
    assert best.cosine == pytest.approx(1, abs=1e-5)


def test_images_and_items(pictures, tmp_path):
    finder = hub.tools.Finder(pictures)
    query = write_image(tmp_path / "q.png", (40, 60, 200), 77)
    assert {n.key.split("/")[0] for n in finder.images([query], k=8)[0]} == {"blue"}
    number = next(i for i in range(len(finder.index)) if finder.index.item(i).key.startswith("red/"))
    near = finder.item(number, k=5)
    assert number not in [n.number for n in near]
    assert {n.key.split("/")[0] for n in near} == {"red"}


def test_what_is_left_out_does_not_shift_the_others(text_module, tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "war"}\n{"text": null}\n{"text": "peace"}\n')
    index, applied = hub.tools.build_neighbours(text_module, tmp_path / "t.jsonl", tmp_path / "index")
    assert len(applied.skipped) == 1
    assert [index.item(i) for i in range(2)] == [Item("1", "war"), Item("3", "peace")]


def test_the_wrong_kind_of_question_is_refused(sentences, pictures):
    with pytest.raises(DataError, match=r"Expected a list of texts, got 'one text'"):
        hub.tools.Finder(sentences).texts("one text")
    with pytest.raises(DataError, match="The index holds texts, it was asked for images"):
        hub.tools.Finder(sentences).images(["x.png"])
    with pytest.raises(DataError, match="The index holds images, it was asked for texts"):
        hub.tools.Finder(pictures).texts(["x"])


def test_another_module_is_refused(pictures, tmp_path, photos):
    from tool_data import TinyTextEmbedding

    tf = pytest.importorskip("tensorflow")
    tf.saved_model.save(TinyTextEmbedding(dimension=7), str(tmp_path / "other"))
    (tmp_path / "t.txt").write_text("a\n")
    hub.tools.build_neighbours(str(tmp_path / "other"), tmp_path / "t.txt", tmp_path / "index")
    tf.saved_model.save(TinyTextEmbedding(dimension=9), str(tmp_path / "third"))
    with pytest.raises(DataError, match="Expected vectors of 7, .* gives 9"):
        hub.tools.Finder(tmp_path / "index", str(tmp_path / "third")).texts(["a"])


@pytest.mark.parametrize("broken", ["index.json", "vectors.npy", "items.jsonl"])
def test_a_broken_index_is_refused(broken, tmp_path):
    make_index(tmp_path / "i", np.eye(3, dtype=np.float32), True)
    (tmp_path / "i" / broken).write_bytes(b"{")
    with pytest.raises(DataError, match="is not an index of neighbours"):
        Index(tmp_path / "i")
    (tmp_path / "i" / broken).unlink()
    with pytest.raises(DataError, match=rf"is not an index of neighbours: it has no {broken}\."):
        Index(tmp_path / "i")


def test_nothing_to_index_is_refused(text_module, tmp_path):
    (tmp_path / "t.txt").write_text("")
    with pytest.raises(DataError, match="There is nothing to index"):
        hub.tools.build_neighbours(text_module, tmp_path / "t.txt", tmp_path / "index")


class AnySize(tf.Module):
    """Images of any size → float32 [b, 6]: the size, and what does not depend on it."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def __call__(self, images):
        size = tf.cast(tf.shape(images), tf.float32)
        sizes = tf.tile(size[None, 1:], [tf.shape(images)[0], 1])
        return tf.concat([sizes, tf.reduce_mean(images, axis=[1, 2])], axis=1)


def test_a_module_for_any_size_is_asked_with_the_size_of_the_index(photos, tmp_path):
    tf.saved_model.save(AnySize(), str(tmp_path / "module"))
    module = str(tmp_path / "module")
    hub.tools.build_neighbours(module, photos / "red", tmp_path / "index", image_size=(8, 20))
    vector = Index(tmp_path / "index").vector(0)
    np.testing.assert_allclose(vector[:3] / vector[0], np.array([8, 20, 3]) / 8, rtol=1e-5)
    (found,) = hub.tools.Finder(tmp_path / "index").images([photos / "red" / "3.webp"], k=1)
    assert found[0].cosine > 0.999  # of a square picture it would be 0.9


def test_a_file_is_no_folder_for_an_index(text_module, tmp_path):
    (tmp_path / "t.txt").write_text("a\n")
    with pytest.raises(DataError, match=r"Expected a folder to write to, '.*t.txt' is a file"):
        hub.tools.build_neighbours(text_module, tmp_path / "t.txt", tmp_path / "t.txt", overwrite=True)


def test_an_index_is_replaced_only_when_asked(text_module, tmp_path):
    (tmp_path / "t.txt").write_text("a\nb\n")
    for overwrite in (False, True):
        hub.tools.build_neighbours(text_module, tmp_path / "t.txt", tmp_path / "index", overwrite=overwrite)
    with pytest.raises(DataError, match="is not empty"):
        hub.tools.build_neighbours(text_module, tmp_path / "t.txt", tmp_path / "index")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    with pytest.raises(DataError, match="holds something else"):
        hub.tools.build_neighbours(text_module, tmp_path / "t.txt", tmp_path / "mine", overwrite=True)


def test_an_index_stays_until_the_next_is_finished(text_module, image_module, tmp_path):
    index = tmp_path / "index"
    (tmp_path / "t.txt").write_text("a\nb\n")
    hub.tools.build_neighbours(text_module, tmp_path / "t.txt", index, exact=False)
    (index / "notes.md").write_text("mine")
    (tmp_path / "more.txt").write_text("a\nb\nc\n")

    def rebuild(module, progress=None):
        hub.tools.build_neighbours(module, tmp_path / "more.txt", index, overwrite=True, progress=progress)

    def interrupt(what, done, total):
        if what == "indexing":
            raise KeyboardInterrupt

    with pytest.raises(HubError, match="to take texts"):
        rebuild(image_module)
    assert len(hub.tools.Finder(index).index) == 2
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        rebuild(text_module, interrupt)
    assert len(hub.tools.Finder(index).index) == 2
    rebuild(text_module)
    assert len(hub.tools.Finder(index).index) == 3
    assert {path.name for path in index.iterdir()} == {
        *("index.json", "vectors.npy", "items.jsonl", "notes.md")
    }


@pytest.fixture
def serve():
    servers = []

    def start(index):
        server = SearchServer(hub.tools.Finder(index), 0)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_search_page(serve, sentences):
    url = serve(sentences).url
    assert "<form" in urllib.request.urlopen(url).read().decode()
    page = urllib.request.urlopen(f"{url}?q=dreadful+%3Cscript%3E").read().decode()
    assert "dreadful &lt;script&gt;" in page
    assert page.count("<tr>") == 25


def test_the_search_page_takes_images(serve, pictures, photos):
    server = serve(pictures)
    content = (photos / "green" / "0.png").read_bytes()
    head = '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = head.encode() + content + b"\r\n--b--\r\n"
    request = urllib.request.Request(
        server.url, body, {"Content-Type": "multipart/form-data; boundary=b"}, method="POST"
    )
    page = urllib.request.urlopen(request).read().decode()
    assert "green/0.png" in page
    request.data = body.replace(content, b"no image")
    assert "is not an image" in urllib.request.urlopen(request).read().decode()


def test_the_search_page_answers_this_machine_only(serve, sentences):
    server = serve(sentences)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("POST", "/", headers={"Content-Length": str(1 << 30)})
    assert connection.getresponse().status == 413
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/../../etc/passwd")
    assert connection.getresponse().status == 404
