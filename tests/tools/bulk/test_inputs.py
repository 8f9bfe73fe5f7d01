"""The rows of an input as record batches: from any row, and only what is a text."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.inputs import open_input, write_rows

WORDS = [f"word {i}" for i in range(20_000)]


def rows_of(source, start=0):
    """Pairs of key and value."""
    batches = list(source.rows(start))
    keys = [key for batch in batches for key in batch["key"].to_pylist()]
    return list(zip(keys, (value for batch in batches for value in source.values(batch)), strict=True))


@pytest.fixture
def table(tmp_path):
    pq.write_table(pa.table({"text": WORDS}), tmp_path / "data.parquet", row_group_size=9000)
    return open_input(tmp_path / "data.parquet")


@pytest.mark.parametrize("start", [0, 1, 8999, 9000, 19_999, 20_000])
def test_a_parquet_file_is_read_from_any_row(start, table):
    assert rows_of(table, start) == [(str(i + 1), WORDS[i]) for i in range(start, 20_000)]


def test_what_was_listed_has_the_same_rows(table, photos, tmp_path):
    assert rows_of(write_rows(table, tmp_path / "rows.parquet"), 100) == rows_of(table, 100)
    images = open_input(photos)
    listed = write_rows(images, tmp_path / "images.parquet")
    assert rows_of(listed) == rows_of(images)
    assert listed.count() == images.count() == 60


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array(["a", None, ""], pa.large_string()), ["a", None, ""]),
        (pa.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
        (pa.array([1, None, 3]), [None, None, None]),
        (pa.array([b"a", None, b"c"]), [None, None, None]),
        (pa.array([["a"], None, []]), [None, None, None]),
    ],
    ids=str,
)
def test_only_texts_are_texts(column, texts, tmp_path):
    pq.write_table(pa.table({"text": column}), tmp_path / "data.parquet")
    assert [text for _, text in rows_of(open_input(tmp_path / "data.parquet"))] == texts


def test_texts_of_a_parquet_file_that_are_not_utf8_are_refused(tmp_path):
    column = pa.array([b"fine", b"caf\xe9"]).view(pa.string())
    pq.write_table(pa.table({"text": column}), tmp_path / "data.parquet")
    with pytest.raises(DataError, match="'data.parquet' is not a Parquet file: .*UTF8"):
        rows_of(open_input(tmp_path / "data.parquet"))
