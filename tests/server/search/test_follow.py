from __future__ import annotations

import json
import multiprocessing
import shutil

import pytest
from catalogues import open_catalogue, put_entry
from patience import PATIENCE

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.administration.documents_import import import_documents
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.counting import add_downloads
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.follow import SearchFollower
from tensorflow_hub.server.search.request import SearchRequest


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path / "catalogue")
    yield database
    database.close()


def found(database, follower, text):
    with database.reading() as connection:
        answer = search(follower.refresh(connection), SearchRequest(text=text))
        return list(answer.ids)


def test_published_models_are_found_at_once(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    assert found(database, follower, "words") == []
    model = put_entry(database, "acme/words/1", "Embeds words.")
    assert found(database, follower, "words") == [model]
    put_entry(database, "acme/words/2", "Turns sentences into vectors.")
    assert found(database, follower, "sentences") == [model]


def test_withdrawn_versions_are_not_found(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    model = put_entry(database, "acme/words/1", "Embeds words.")
    assert found(database, follower, "words") == [model]
    with database.writing() as connection:
        version = reading.find_version(connection, ModelName.parse("acme/words/1"))
        writing.set_state(connection, version, "withdrawn", "wrong")
        record_changes(connection, [model])
    assert found(database, follower, "words") == []


def test_two_processes_share_one_index(database, tmp_path):
    one, other = (SearchFollower(database, tmp_path / "search") for _ in range(2))
    model = put_entry(database, "acme/words/1")
    assert found(database, one, "words") == [model]
    assert found(database, other, "words") == [model]
    second = put_entry(database, "acme/images/1")
    assert found(database, other, "images") == [second]
    assert found(database, one, "images") == [second]


@pytest.mark.parametrize("damage", ["index", "index/position.json", "index/meta.json"])
def test_a_lost_index_is_made_again(database, tmp_path, damage):
    model = put_entry(database, "acme/words/1")
    SearchFollower(database, tmp_path / "search").build()
    lost = tmp_path / "search" / damage
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    assert found(database, SearchFollower(database, tmp_path / "search"), "words") == [model]


@pytest.mark.parametrize("suffix", ["store", "fast", "term"])
def test_a_damaged_index_is_made_again(database, tmp_path, suffix):
    for number in range(30):
        model = put_entry(database, f"acme/words{number}/1", "Embeds words.")
    SearchFollower(database, tmp_path / "search").build()
    for file in (tmp_path / "search" / "index").glob(f"*.{suffix}"):
        content = file.read_bytes()  # its end is read when it is opened
        file.write_bytes(b"\xaa" * (len(content) - 100) + content[-100:])
    follower = SearchFollower(database, tmp_path / "search")
    with database.reading() as connection:
        answer = follower.answer(connection, lambda index: search(index, SearchRequest(text="words29")))
    assert answer.ids[0] == model


def test_a_question_that_always_fails_does_not_make_the_index_again_and_again(database, tmp_path):
    def fail(index):
        asked.append(index)
        raise ValueError("damaged")

    follower, asked = SearchFollower(database, tmp_path / "search"), []
    for expected in (2, 3, 4):
        with database.reading() as connection, pytest.raises(ValueError, match="damaged"):
            follower.answer(connection, fail)
        assert len(asked) == expected


def test_the_index_of_another_catalogue_is_made_again(database, tmp_path):
    put_entry(database, "acme/words/1")
    SearchFollower(database, tmp_path / "search").build()
    other = open_catalogue(tmp_path / "other")
    model = put_entry(other, "acme/words/1")
    second = put_entry(other, "acme/images/1")
    follower = SearchFollower(other, tmp_path / "search")
    assert found(other, follower, "images") == [second]
    assert found(other, follower, "words") == [model]
    other.close()


def test_an_index_of_another_layout_is_made_again(database, tmp_path):
    model = put_entry(database, "acme/words/1")
    SearchFollower(database, tmp_path / "search").build()
    position = tmp_path / "search" / "index" / "position.json"
    position.write_text(json.dumps({**json.loads(position.read_text()), "layout": 0}))
    assert found(database, SearchFollower(database, tmp_path / "search"), "words") == [model]


def _publish_and_search(folder, search_folder, publisher, count):
    database = open_catalogue(folder)
    follower = SearchFollower(database, search_folder)
    for number in range(count):
        model = put_entry(database, f"{publisher}/thing{number}/1", f"Word{publisher}{number}.")
        assert model in found(database, follower, f"word{publisher}{number}"), "own writes are seen at once"
    database.close()


def test_processes_that_publish_and_search_at_once_lose_nothing(tmp_path):
    open_catalogue(tmp_path / "catalogue").close()
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(
            target=_publish_and_search, args=(tmp_path / "catalogue", tmp_path / "search", name, 8)
        )
        for name in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
    assert [worker.exitcode for worker in workers] == [0, 0]
    database = open_catalogue(tmp_path / "catalogue")
    assert len(found(database, SearchFollower(database, tmp_path / "search"), "thing")) == 16
    database.close()


def test_search_learns_of_downloads_when_they_double(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    one = put_entry(database, "acme/one/1")
    other = put_entry(database, "acme/other/1")

    def most_used():
        with database.reading() as connection:
            return search(follower.refresh(connection), SearchRequest(sort="downloads")).ids[0]

    for model, count in ((other, 5), (one, 40)):
        with database.writing() as connection:
            add_downloads(connection, {(model, 20_000): count})  # the models' only versions have their ids
        assert most_used() == model


def task_of(database, follower, text):
    """The models with a task, and the domains that are counted."""
    with database.reading() as connection:
        answer = search(follower.refresh(connection), SearchRequest(filters={"task": (text,)}))
        return set(answer.ids), dict(answer.facets["domain"])


def test_a_deployment_has_the_task_of_its_model(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    lite = put_entry(database, "acme/lite-model/words/1", kind="lite", parent_model=["acme/words/1"])
    assert task_of(database, follower, "text-embedding") == (set(), {})
    words = put_entry(database, "acme/words/1", task=["text-embedding"])
    assert task_of(database, follower, "text-embedding") == ({words, lite}, {"text": 2})
    newest = put_entry(database, "acme/tfjs-model/words/1", kind="tfjs", parent_model=["acme/words"])
    assert task_of(database, follower, "text-embedding")[0] == {words, lite, newest}


def test_the_task_of_a_private_model_is_shown_to_its_readers_only(database, tmp_path):
    put_entry(database, "hidden/words/1", task=["text-embedding"])
    lite = put_entry(database, "acme/lite-model/words/1", kind="lite", parent_model=["hidden/words/1"])
    with database.writing() as connection:
        publisher = reading.find_publisher(connection, "hidden")
        writing.change_publisher(connection, publisher, private=True)
        record_changes(connection, writing.model_ids(connection, publisher))
    public = SearchFollower(database, tmp_path / "public")
    assert task_of(database, public, "text-embedding") == (set(), {})
    everything = SearchFollower(database, tmp_path / "everything", EVERYTHING)
    assert lite in task_of(database, everything, "text-embedding")[0]


def test_an_unknown_task_adds_no_domain(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    model = put_entry(database, "acme/odd/1", task=["sorcery-of-cards"])
    assert task_of(database, follower, "sorcery-of-cards") == ({model}, {})
    other = put_entry(database, "acme/near/1", task=["audio-sorcery"])
    assert task_of(database, follower, "audio-sorcery") == ({other}, {"audio": 1})


def test_the_newest_are_those_whose_date_is_known(database, tmp_path):
    follower = SearchFollower(database, tmp_path / "search")
    dated = put_entry(database, "acme/dated/1")
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "1.md").write_text(
        "# Module acme/imported/1\nFrom tfhub.dev.\n\n<!-- task: text-embedding -->\n"
    )
    import_documents(database, folder)
    with database.reading() as connection:
        answer = search(follower.refresh(connection), SearchRequest(sort="newest"))
        imported = reading.find_version(connection, ModelName.parse("acme/imported/1"))
    assert list(answer.ids) == [dated, imported.model.id]
    assert imported.published is None
