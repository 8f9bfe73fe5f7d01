"""Tables of measured models: of very many measurements, the newest."""

from __future__ import annotations

import pytest
from catalogues import open_catalogue, put_entry

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import PUBLIC
from tensorflow_hub.server.catalogue.measured import measured_table
from tensorflow_hub.server.catalogue.measurements import Author, put_measurement


@pytest.fixture
def database(tmp_path):
    """A catalogue with three models that were measured on one dataset."""
    database = open_catalogue(tmp_path)
    for number in range(3):
        put_entry(database, f"acme/model{number}/1")
        with database.writing() as connection:
            version = reading.find_version(connection, ModelName.parse(f"acme/model{number}/1"))
            publisher = reading.find_publisher(connection, "acme")
            figures = Figures("set", "accuracy", number / 3)
            put_measurement(connection, version, publisher, Author("test", None, None), figures)
    yield database
    database.close()


@pytest.mark.parametrize(("most", "rows", "is_cut"), [(2, 2, True), (3, 3, False), (4, 3, False)])
def test_a_table_says_that_it_is_cut(database, most, rows, is_cut):
    with database.reading() as connection:
        table = measured_table(connection, PUBLIC, "set", most=most)
    assert (len(table.rows), table.is_cut) == (rows, is_cut)
