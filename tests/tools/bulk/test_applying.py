"""`apply` on this machine: everything arrives once, in order, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tool_data import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, ModuleError
from tensorflow_hub.tools.batches import batches_by_length

TEXTS = [f"{text} {'very ' * (i % 17)}" for i, (text, _) in enumerate(reviews_rows(230))]


@pytest.fixture
def texts_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{t}\n" for t in TEXTS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def expected(text_module):
    return hub.load(text_module)(tf.constant(TEXTS)).numpy()


def read(folder, format="parquet"):
    keys, parts = [], []
    for path in sorted(folder.glob(f"part-*.{format}")):
        if format == "parquet":
            table = pq.read_table(path)
            keys += table["key"].to_pylist()
            parts.append(np.array(table["embedding"].to_pylist(), np.float32))
        elif format == "npy":
            parts.append(np.load(path))
            keys += json.loads(path.with_suffix(".keys.json").read_text())
        else:
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                features = tf.train.Example.FromString(record).features.feature
                keys.append(features["key"].bytes_list.value[0].decode())
                parts.append(np.array([features["embedding"].float_list.value], np.float32))
    return keys, np.concatenate(parts)


@given(st.lists(st.integers(0, 5000), max_size=50), st.integers(1, 9))
def test_batches_hold_everything_once_and_stay_bounded(lengths, size):
    groups = list(batches_by_length(lengths, size, padded=6000))
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) <= size
        assert len(group) * max(lengths[i] for i in group) <= 6000 or len(group) == 1


@pytest.mark.parametrize("format", ["parquet", "npy", "tfrecord"])
def test_every_row_gets_its_vector(format, texts_file, text_module, expected, tmp_path):
    done = hub.tools.apply(
        text_module, texts_file, tmp_path / "out", format=format, shard_size=100, batch_size=7
    )
    assert (done.rows, done.resumed, done.dimension) == (230, 0, 24)
    assert len(list((tmp_path / "out").glob(f"part-*.{format}"))) == 3
    keys, vectors = read(tmp_path / "out", format)
    assert keys == [str(i) for i in range(1, 231)]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_tables(suffix, text_module, expected, tmp_path):
    path = tmp_path / f"data.{suffix}"
    if suffix == "csv":
        path.write_text("id,body\n" + "".join(f'{i},"{t}"\n' for i, t in enumerate(TEXTS)))
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps({"body": t}) + "\n" for t in TEXTS))
    else:
        pq.write_table(pa.table({"body": TEXTS}), path, row_group_size=50)
    hub.tools.apply(text_module, path, tmp_path / "out", text_column="body")
    np.testing.assert_allclose(read(tmp_path / "out")[1], expected, atol=1e-6)


def test_pieces_end_where_shards_do(text_module, tmp_path):
    """Rows are read in chunks that have nothing to do with the shards."""
    path = tmp_path / "data.csv"
    path.write_text("text\n" + "".join(f"{TEXTS[i % 230]} {i}\n" for i in range(9000)))
    done = hub.tools.apply(text_module, path, tmp_path / "out", shard_size=5000)
    assert done.rows == 9000
    assert [pq.read_metadata(p).num_rows for p in sorted((tmp_path / "out").glob("part-*"))] == [5000, 4000]
    assert read(tmp_path / "out")[0] == [str(i) for i in range(1, 9001)]


def test_a_mark_of_utf8_and_windows_line_ends_are_no_part_of_a_text(text_module, tmp_path):
    (tmp_path / "texts.txt").write_bytes("\ufeffgood\r\nbad".encode())
    hub.tools.apply(text_module, tmp_path / "texts.txt", tmp_path / "out")
    plain = hub.load(text_module)(tf.constant(["good", "bad"])).numpy()
    np.testing.assert_allclose(read(tmp_path / "out")[1], plain, atol=1e-6)


def test_keys_of_numpy_files_hold_any_name(photos, image_module, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    name = "two\nlines.png"
    (folder / name).write_bytes((photos / "red" / "0.png").read_bytes())
    with open(os.fsencode(folder) + b"/caf\xe9.png", "wb") as stream:
        stream.write((photos / "red" / "0.png").read_bytes())
    for kind in ("npy", "parquet"):
        hub.tools.apply(image_module, folder, tmp_path / kind, format=kind)
        assert sorted(read(tmp_path / kind, kind)[0]) == ["caf\\xe9.png", name]


def test_rows_without_text_are_listed_and_the_others_keep_their_numbers(text_module, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a"}\n{"text": null}\n{"text": 3}\n{"text": " "}\n{"text": "b"}\n')
    done = hub.tools.apply(text_module, path, tmp_path / "out")
    assert [(s.name, s.reason) for s in done.skipped] == [(n, "has no text") for n in "234"]
    assert read(tmp_path / "out")[0] == ["1", "5"]
    assert len((tmp_path / "out" / "skipped.jsonl").read_text().splitlines()) == 3


def test_a_file_without_any_text_gives_a_list_of_what_was_left_out(text_module, tmp_path):
    (tmp_path / "blank.txt").write_text("\n" * 5000)
    done = hub.tools.apply(text_module, tmp_path / "blank.txt", tmp_path / "out")
    assert (done.rows, len(done.skipped)) == (0, 5000)
    assert read(tmp_path / "out")[0] == []


def test_images(photos, image_module, tmp_path):
    done = hub.tools.apply(image_module, photos, tmp_path / "out", shard_size=25)
    keys, vectors = read(tmp_path / "out")
    assert done.rows == 60
    assert keys[:2] == ["blue/0.png", "blue/1.jpg"]
    assert vectors.shape == (60, 12)


def test_a_link_to_nothing_is_listed(photos, image_module, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes((photos / "red" / "0.png").read_bytes())
    (folder / "b.png").symlink_to("nowhere.png")
    done = hub.tools.apply(image_module, folder, tmp_path / "out")
    reason = "'b.png' cannot be read: No such file or directory."
    assert [(s.name, s.reason) for s in done.skipped] == [("b.png", reason)]


def test_broken_images_are_listed(photos, image_module, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes((photos / "red" / "0.png").read_bytes())
    (folder / "b.png").write_bytes(b"no")
    done = hub.tools.apply(image_module, folder, tmp_path / "out")
    assert done.rows == 1
    assert [(s.name, s.reason) for s in done.skipped] == [("b.png", "'b.png' is not an image.")]


def test_a_finished_run_does_nothing_again(texts_file, text_module, tmp_path):
    hub.tools.apply(text_module, texts_file, tmp_path / "out", shard_size=50)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}
    again = hub.tools.apply(text_module, texts_file, tmp_path / "out", shard_size=50)
    assert (again.rows, again.resumed) == (230, 230)
    assert times == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}


KILLED = """
import os, signal, sys
import tensorflow_hub as hub
def kill(what, done, total):
    if done >= 4000:
        os.kill(os.getpid(), signal.SIGKILL)
hub.tools.apply(*sys.argv[1:4], shard_size=500, batch_size=8, progress=kill)
"""


def test_a_module_of_the_user_is_hashed_once(texts_file, text_module, tmp_path):
    program = (
        "import sys, tensorflow_hub as hub; opened = []; "
        "sys.addaudithook(lambda event, values: event == 'open' and opened.append(str(values[0]))); "
        "hub.tools.apply(*sys.argv[1:]); "
        "print(sum(path.endswith('.data-00000-of-00001') for path in opened))"
    )
    command = [sys.executable, "-c", program, text_module, str(texts_file), str(tmp_path / "out")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_killed_run_continues_where_it_stopped(text_module, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("".join(f"{TEXTS[i % 230]} {i}\n" for i in range(10_000)))
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, text_module, str(path), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with (out / "shards.jsonl").open("a") as journal:
        journal.write('{"number": 19, "rea')  # a line that a crash cut off
    done = hub.tools.apply(text_module, path, out, shard_size=500)
    assert done.rows == 10_000
    assert 2500 <= done.resumed <= 4000, "no more than two shards are in memory"
    keys, vectors = read(out)
    assert keys == [str(i) for i in range(1, 10_001)]
    assert np.isfinite(vectors).all()


def test_a_job_that_wrote_nothing_is_replaced_by_the_corrected_one(text_module, tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("id,body\n1,good\n2,bad\n")
    with pytest.raises(DataError, match="Expected a column 'text' in "):
        hub.tools.apply(text_module, path, tmp_path / "out", text_column="text")
    assert hub.tools.apply(text_module, path, tmp_path / "out", text_column="body").rows == 2
    with pytest.raises(DataError, match="holds the output of another job, which differs in: input"):
        hub.tools.apply(text_module, path, tmp_path / "out", text_column="id")


def test_another_job_does_not_mix_into_a_folder(texts_file, text_module, tmp_path):
    hub.tools.apply(text_module, texts_file, tmp_path / "out")
    texts_file.write_text("changed\n")
    with pytest.raises(DataError, match="holds the output of another job, which differs in: input"):
        hub.tools.apply(text_module, texts_file, tmp_path / "out")
    done = hub.tools.apply(text_module, texts_file, tmp_path / "out", overwrite=True)
    assert done.rows == 1
    assert len(list((tmp_path / "out").glob("part-*"))) == 1


def test_beginning_again_leaves_what_others_put_into_the_folder(texts_file, text_module, tmp_path):
    out = tmp_path / "out"
    hub.tools.apply(text_module, texts_file, out)
    texts_file = texts_file.rename(out / "texts.txt")
    (out / ".part-00000.parquet.1").write_text("left by a run that was killed")
    assert hub.tools.apply(text_module, texts_file, out, format="npy", overwrite=True).rows == 230
    assert {path.name for path in out.iterdir()} == {
        *("texts.txt", "apply.json", "shards.jsonl", "part-00000.npy", "part-00000.keys.json")
    }
    (out / ".part-00007.npy.1").write_text("left by a run that was killed")
    hub.tools.apply(text_module, texts_file, out, format="npy")
    assert not list(out.glob(".part-*"))


def test_a_folder_with_other_things_is_not_touched(texts_file, text_module, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        hub.tools.apply(text_module, texts_file, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "mine").exists()
    with pytest.raises(DataError, match=r"Expected a folder to write to, '.*mine' is a file"):
        hub.tools.apply(text_module, texts_file, tmp_path / "out" / "mine")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("latin.txt", b"a\nb\ncaf\xe9\n", r"is not text in UTF-8: .* in line 3\."),
        ("data.csv", b"a\n1\n", "Expected a column 'text'"),
        ("data.bin", b"", r"Expected a \.txt, \.csv.*Rename it to what it is"),
        ("data.csv.gz", b"", r"Expected a \.txt, \.csv.*Unpack it first\."),
    ],
)
def test_inputs_that_cannot_be_read_are_refused(name, content, match, text_module, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=match) as caught:
        hub.tools.apply(text_module, tmp_path / name, tmp_path / "out")
    assert caught.value.line == (3 if "line 3" in match else None)


def test_what_can_be_read_only_once_is_refused(text_module, tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for source in ("-", tmp_path / "pipe.txt"):
        with pytest.raises(DataError, match=r"can be read only once\. Write it to a file first"):
            hub.tools.apply(text_module, source, tmp_path / "out")


# A limit of the size of files, as on a full disk; the signal that comes with it is put aside.
TOO_LARGE = """
import resource, signal, sys
import tensorflow_hub as hub
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))
try:
    hub.tools.apply(*sys.argv[1:4], format="npy")
except OSError as error:
    print(error.strerror)
"""


def test_a_matrix_that_finds_no_room_is_the_systems_error(text_module, tmp_path):
    (tmp_path / "many.txt").write_text("a\n" * 5000)
    arguments = [text_module, str(tmp_path / "many.txt"), str(tmp_path / "out")]
    ended = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.stdout == "File too large\n", ended.stderr
    assert not list((tmp_path / "out").glob("*part-*"))


def test_a_module_for_images_is_refused_for_texts(texts_file, image_module, tmp_path):
    with pytest.raises(ModuleError, match="to take texts"):
        hub.tools.apply(image_module, texts_file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_batch_of_nothing_is_refused(texts_file, text_module, tmp_path):
    with pytest.raises(DataError, match=r"Expected a batch size of 1 or more, got -1\."):
        hub.tools.apply(text_module, texts_file, tmp_path / "out", batch_size=-1)


def test_an_empty_input_gives_no_rows(text_module, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    assert hub.tools.apply(text_module, tmp_path / "empty.txt", tmp_path / "out").rows == 0
