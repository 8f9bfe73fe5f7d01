"""Tables as people have them: other names, other kinds, and what is wrong in them."""

from __future__ import annotations

import csv
import json
import pickle
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.splits import split
from tensorflow_hub.tools.datasets.tables import read_lines, read_rows
from tensorflow_hub.tools.datasets.text_table import label_line, read_texts

ROWS = [("a good one", "yes"), ('a, b\n"c"', "no"), ("日本語", "yes")]


def write(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}), path)
    elif path.suffix == ".jsonl":
        path.write_text(
            "".join(json.dumps({"text": t, "label": v}) + "\n" for t, v in rows), encoding="utf-8"
        )
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writerows([("text", "label"), *rows])
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_kind_of_table_gives_the_same(suffix, tmp_path):
    dataset = read_texts(write(tmp_path / f"data.{suffix}", ROWS))
    assert [(e.text, e.labels[0]) for e in dataset.examples] == ROWS


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(TEXT, TEXT.map(label_line)), max_size=20))
@settings(max_examples=40)
def test_any_text_survives_a_csv(tmp_path_factory, rows):
    dataset = read_texts(write(tmp_path_factory.mktemp("csv") / "data.csv", rows))
    assert [(e.text, e.labels[0]) for e in dataset.examples] == rows


@given(st.text(st.sampled_from('ab",\n\r \u00e9'), max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_csv_is_read_as_by_the_module_csv(tmp_path_factory, body):
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes(f"text,label\n{body}".encode())
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(stream)
    rows = list(csv.reader(lines))
    columns = {"text": (None, ["text"]), "label": (None, ["label"])}
    if len(list(csv.reader([*lines, "one line more"]))) == len(rows):
        with pytest.raises(DataError, match=r"quote that opens in line \d+ of 'data.csv' is never closed"):
            list(read_rows(path, columns))
    else:
        filled = [(row[0], row[1] if len(row) > 1 else None) for row in rows[1:] if row]
        assert list(read_rows(path, columns)) == list(enumerate(filled, 1))


VALUE = st.one_of(st.none(), st.integers(), st.booleans(), st.text(st.characters(codec="utf-8")))
OBJECT = st.fixed_dictionaries({"text": VALUE}, optional={"other": st.lists(VALUE), "id": VALUE})


@given(st.lists(OBJECT, min_size=1, max_size=20), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_values_survive_jsonl(tmp_path_factory, rows, escaped):
    path = tmp_path_factory.mktemp("jsonl") / "data.jsonl"
    lines = [json.dumps(row, ensure_ascii=escaped) for row in rows]
    path.write_text("\n\n".join(lines), encoding="utf-8")
    found = list(read_rows(path, {"text": (None, ["text"])}))
    assert found == [(2 * i + 1, (row["text"],)) for i, row in enumerate(rows)]


def test_a_lone_surrogate_is_replaced(tmp_path):
    (tmp_path / "data.jsonl").write_text('{"text": "fine"}\n{"text": "cut \\ud83d", "id": 1}\n')
    found = [text for _, (text,) in read_rows(tmp_path / "data.jsonl", {"text": (None, ["text"])})]
    assert found == ["fine", "cut \ufffd"]


def test_rows_of_another_length_after_many_regular_ones_are_read(tmp_path):
    rows = [f"text {i},label" for i in range(50_000)]
    rows[40_000:40_001] = ["short", "", "long,label,more"]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows))
    found = list(read_rows(tmp_path / "data.csv", {"text": (None, ["text"]), "label": (None, ["label"])}))
    assert [number for number, _ in found] == list(range(1, 50_002))
    assert found[39_999][1] == ("text 39999", "label")
    assert found[40_000][1] == ("short", None)
    assert found[40_001][1] == ("long", "label")
    assert found[50_000][1][0] == "text 49999"


def test_rows_and_lines_are_counted_across_the_chunks_of_a_long_csv(tmp_path):
    rows = [(f"{i}" + "\nin quotes" * 20, "label") for i in range(30_000)]
    columns = {"text": (None, ["text"]), "label": (None, ["label"])}
    assert list(read_rows(write(tmp_path / "data.csv", rows), columns)) == list(enumerate(rows, 1))
    with (tmp_path / "data.csv").open("a") as stream:
        stream.write('"never closed,y\nlost,z\n')
    with pytest.raises(DataError, match=r"quote that opens in line 630002 of 'data.csv' is never closed\."):
        list(read_rows(tmp_path / "data.csv", columns))


def test_lines_are_counted_across_the_chunks_of_a_long_jsonl(tmp_path):
    lines = [json.dumps({"text": f"{i} {'long ' * 20}"}) for i in range(60_000)]
    lines[50_000], lines[55_000] = '{"text": 3}', ""
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    found = dict(read_rows(tmp_path / "data.jsonl", {"text": (None, ["text"])}))
    expected = {n: (json.loads(line)["text"],) for n, line in enumerate(lines, 1) if line}
    assert found == expected
    (tmp_path / "data.jsonl").write_text("\n".join([*lines, "{"]))
    with pytest.raises(DataError, match="Line 60001 of 'data.jsonl' is not JSON") as error:
        list(read_rows(tmp_path / "data.jsonl", {"text": (None, ["text"])}))
    assert error.value.line == 60_001


def test_lines_are_counted_across_the_chunks_of_a_long_text_file(tmp_path):
    lines = [f"{i} {'long ' * 20}" for i in range(60_000)]
    content = "\ufeff" + "\r\n".join(lines)
    (tmp_path / "data.txt").write_bytes(content.encode())
    chunks = list(read_lines(tmp_path / "data.txt"))
    assert [number for numbers, _ in chunks for number in numbers] == list(range(1, 60_001))
    assert [text for _, (texts,) in chunks for text in texts.to_pylist()] == lines
    (tmp_path / "data.txt").write_bytes(f"{content}\n".encode() + b"caf\xe9\n")
    with pytest.raises(DataError, match=r"'data.txt' is not text in UTF-8: .* in line 60001\.") as error:
        list(read_lines(tmp_path / "data.txt"))
    assert error.value.line == 60_001


def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path):
    for row in ('"never closed,y', 'last,"never closed'):
        (tmp_path / "data.csv").write_text(f'text,label\n"two\nlines",x\n{row}\nlost,z\n')
        with pytest.raises(
            DataError, match=r"quote that opens in line 4 of 'data.csv' is never closed\."
        ) as e:
            read_texts(tmp_path / "data.csv")
        assert e.value.line == 4
    (tmp_path / "data.csv").write_text('text,label\na 5" disk,x\n"b",y\n')
    assert [example.text for example in read_texts(tmp_path / "data.csv").examples] == ['a 5" disk', "b"]


def test_a_spreadsheets_csv_with_semicolons_is_read(tmp_path):
    (tmp_path / "data.csv").write_text('\ufefftext;label\nfine, really;yes\n"a;b";no\n')
    dataset = read_texts(tmp_path / "data.csv")
    assert [(e.text, e.labels[0]) for e in dataset.examples] == [("fine, really", "yes"), ("a;b", "no")]


def test_columns_are_found_by_their_usual_names_in_any_case(tmp_path):
    (tmp_path / "data.csv").write_text("\ufeffid,Review,Sentiment\n1,fine,pos\n")
    assert read_texts(tmp_path / "data.csv").examples[0].text == "fine"


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"column 'text' or .* in 'data.csv', found 'a', 'b'\. Name the text"):
        read_texts(tmp_path / "data.csv")
    with pytest.raises(DataError, match="Expected a column 'c' in 'data.csv'"):
        read_texts(tmp_path / "data.csv", text_column="c")


def test_rows_without_text_or_label_are_counted_with_their_number(tmp_path):
    (tmp_path / "data.csv").write_text("text,label\nfine,pos\n,pos\n   ,neg\nno label,\nshort\n")
    dataset = read_texts(tmp_path / "data.csv")
    assert len(dataset.examples) == 1
    assert [(s.name, s.reason) for s in dataset.skipped] == [
        ("data.csv, row 2", "has no text"),
        ("data.csv, row 3", "has no text"),
        ("data.csv, row 4", "has no label"),
        ("data.csv, row 5", "has no label"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("data.jsonl", b'{"text": "a", "label": "b"}\n{', "Line 2 of 'data.jsonl' is not JSON"),
        ("data.jsonl", b"[1]\n", "Expected an object in line 1"),
        ("data.parquet", b"no", "is not a Parquet file"),
        ("data.csv", b"text,label\n\xff\xfe,a\n", "is not a CSV in UTF-8"),
        ("data.xlsx", b"", r"Expected a \.csv, \.tsv, \.jsonl or \.parquet file"),
        ("data.csv", b"", "found none"),
    ],
)
def test_something_that_is_not_a_table_is_refused(name, content, match, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=match) as caught:
        read_texts(tmp_path / name)
    line = re.search(r"[Ll]ine (\d+)", caught.value.problem)
    assert caught.value.line == (int(line[1]) if line else None)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.problem, copy.hint, copy.line) == (
        caught.value.problem,
        caught.value.hint,
        caught.value.line,
    )


@given(st.sets(st.binary(min_size=1, max_size=8), max_size=60), st.integers(0, 3))
def test_splits_hold_every_example_once(contents, seed):
    digests = sorted(contents)
    parts = split(digests, 0.2, 0.2, seed)
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(digests)))


def test_shares_that_leave_nothing_are_refused():
    with pytest.raises(DataError, match=r"validation \+ test < 1, got 0\.5 and 0\.5"):
        split([b"a"], 0.5, 0.5, 0)


def test_a_label_is_one_line_whatever_a_cell_holds(tmp_path):
    labels = ["New\nYork", "two\u2028lines", "two lines", " and  spaces ", "c\x85d", "half \ud83d"]
    write(tmp_path / "data.jsonl", [("text", label) for label in labels])
    expected = ("New York", "and spaces", "c d", "half \ufffd", "two lines")
    assert read_texts(tmp_path / "data.jsonl").classes() == expected
