from __future__ import annotations

import pytest
from catalogues import open_catalogue, put_entry

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.audience import PUBLIC
from tensorflow_hub.server.core.lookup import nothing_at


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = open_catalogue(tmp_path_factory.mktemp("lookup"))
    for number in range(300):
        put_entry(database, f"acme/mobilenet_{number}_224/1")
    put_entry(database, "acme/text-embedding/1")
    yield database
    database.close()


@pytest.mark.parametrize("typed", ["text-embeding", "txet-embedding", "textembedding", "text-embedding2"])
def test_a_misspelt_name_finds_its_model_among_many(database, typed):
    with database.reading() as connection:
        missing = nothing_at(connection, ModelName.parse(f"acme/{typed}/1"), PUBLIC)
    assert missing.suggestions == ("acme/text-embedding",)


def test_the_nearest_of_many_like_it_comes_first(database):
    with database.reading() as connection:
        missing = nothing_at(connection, ModelName.parse("acme/mobilenet_117_24/1"), PUBLIC)
    assert missing.suggestions[0] == "acme/mobilenet_117_224"
