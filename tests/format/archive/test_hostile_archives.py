"""Every hostile archive is refused with its sentence, and nothing of it stays."""

from __future__ import annotations

import io
import json
import random
import time

import pytest
from hostile_archives import CORPUS
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.writer import write_archive

pytestmark = pytest.mark.usefixtures("each_inflate_library")

OVERLAP = "segments in the order of the archive, without overlap"
SIZE = "a size that {} segment of {} bytes can have"


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_archive_is_refused(name, tmp_path):
    make, sentence = CORPUS[name]
    (tmp_path / "beside").touch()
    with pytest.raises(ArchiveError, match=sentence) as error:
        extract_archive(io.BytesIO(make()), tmp_path / "deep" / "target")
    assert error.value.hint
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["beside", "deep", "target"]


MODULE = {
    "saved_model.pb": b"graph " * 300,
    "assets/words.txt": b"a\nb\n",
    "variables/variables.index": bytes(99),
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    root = tmp_path_factory.mktemp("packed")
    for path, data in MODULE.items():
        (root / "module" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "module" / path).write_bytes(data)
    index = write_archive(root / "module", root / "archive")
    return (root / "archive").read_bytes(), index


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_archive_gives_the_same_files_or_none(packed, tmp_path_factory, data):
    archive, index = packed
    at = data.draw(st.integers(0, len(archive)))
    change = data.draw(st.binary(max_size=4))
    drop = data.draw(st.integers(0, 50))
    damaged = archive[:at] + change + archive[at + drop :]
    target = tmp_path_factory.mktemp("damaged")
    try:
        files = extract_archive(io.BytesIO(damaged), target)
    except ArchiveError:
        assert not list(target.iterdir())
    else:
        assert files == index.files  # some bits of a gzip header say nothing


@settings(max_examples=200)
@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_refused(tmp_path_factory, data, as_tar):
    target = tmp_path_factory.mktemp("any")
    if as_tar:
        data = data.ljust(-(-len(data) // 512) * 512, b"\0") + bytes(1024)
    with pytest.raises(ArchiveError, match="Expected .*, got|Expected files in the archive, got none"):
        extract_archive(io.BytesIO(data), target)
    assert not list(target.iterdir())


def changed(index: ArchiveIndex, change) -> bytes:
    value = json.loads(index.to_json())
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.update(format=2), "an archive index of format 1, got 2"),
        (lambda v: v.update(files={}), "files of the index as a JSON list, got {}"),
        (lambda v: v.update(archive=None), "archive of the index as a JSON object, got None"),
        (lambda v: v["archive"].update(size=-1), "for the size of the archive, got -1"),
        (lambda v: v["archive"].update(size=True), "for the size of the archive, got True"),
        (lambda v: v["archive"].update(size=1e300), "for the size of the archive, got 1e\\+300"),
        (lambda v: v["archive"].update(sha256="AB" * 32), "a SHA-256 of 64 hex digits for the archive"),
        (lambda v: v["files"][0].update(path="../x"), r"paths inside the module, got '\.\./x'"),
        (lambda v: v["files"][0].update(path="./x"), r"a relative path in its plain form, got '\./x'"),
        (lambda v: v["files"][0].update(path=["x"]), r"a relative path in its plain form, got \['x'\]"),
        (lambda v: v["files"].append(v["files"][0]), "every path once, got 'assets/words.txt' twice"),
        (lambda v: v["files"][0].update(size=5), "segments of 5 bytes for 'assets/words.txt', got 4"),
        (lambda v: v["files"][0].update(size=1 << 40), "at most 68,719,476,736 bytes of files"),
        (lambda v: v["files"][1]["segments"][0].__setitem__(0, 0), OVERLAP),
        (lambda v: v["files"][1]["segments"][0].__setitem__(1, 1 << 40), OVERLAP),
        (lambda v: v["files"][1]["segments"][0].__setitem__(1, 0), SIZE.format("a deflate", "0")),
        (lambda v: v["files"][1]["segments"][0].__setitem__(2, "lzma"), r"a segment as \[offset"),
        (lambda v: v["files"][1]["segments"][0].__setitem__(2, "stored"), SIZE.format("a stored", ".*")),
        (lambda v: v["files"][1]["segments"].append([1]), r"a segment as \[offset"),
        (lambda v: v["files"][1]["segments"].append(None), r"a segment as \[offset, .* got None"),
        (lambda v: v.update(digest="sha256:0"), "Expected sha256:.*, the digest of the listed files, got"),
        (lambda v: v.update(files=[]), "the digest of the listed files"),
    ],
)  # fmt: skip
def test_a_hostile_index_is_refused(packed, change, sentence):
    with pytest.raises(ArchiveError, match=sentence):
        ArchiveIndex.from_json(changed(packed[1], change))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 200_000, b"1" * 10_000, b'{"format": NaN}']
)
def test_something_that_is_not_an_index_is_refused(data):
    with pytest.raises(ArchiveError, match="Expected (an archive index|the index)"):
        ArchiveIndex.from_json(data)


def test_a_large_index_is_refused_before_it_is_read():
    with pytest.raises(ArchiveError, match="an index of at most 10 bytes, got 11"):
        ArchiveIndex.from_json(bytes(11), ArchiveLimits(index_bytes=10))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300)
@given(st.data())
def test_any_change_to_an_index_is_refused_or_harmless(packed, data):
    value = json.loads(packed[1].to_json())
    node, key = value, data.draw(st.sampled_from(sorted(value)))
    while isinstance(node[key], (dict, list)) and node[key] and data.draw(st.booleans()):
        node = node[key]
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
    node[key] = data.draw(json_values)
    try:
        index = ArchiveIndex.from_json(json.dumps(value).encode())
    except ArchiveError:
        return
    assert index.digest == packed[1].digest


def test_many_files_take_linear_time(tmp_path):
    """Ten times the files must not take a hundred times the processor's time."""

    def seconds(count):
        folder = tmp_path / f"{count} files"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}.txt").write_bytes(random.Random(number).randbytes(5))
        started = time.process_time()
        index = write_archive(folder, tmp_path / f"{count}.tar.gz")
        assert ArchiveIndex.from_json(index.to_json()) == index
        with open(tmp_path / f"{count}.tar.gz", "rb") as stream:
            assert extract_archive(stream, tmp_path / f"{count} out") == index.files
        return time.process_time() - started

    assert seconds(3000) < 40 * seconds(300)
