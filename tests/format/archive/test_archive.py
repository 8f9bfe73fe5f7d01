"""Writing and reading archives: ordinary tar.gz files, the same bytes for the same content."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import os
import random
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import ArchiveError, DigestError, NotAModuleError
from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry, module_digest
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.format.archive.writer import write_archive

pytestmark = pytest.mark.usefixtures("each_inflate_library")

LONG = "assets/" + "long_" * 40 + ".txt"
CONTENT = {
    "saved_model.pb": b"graph " * 1000,
    "tfhub_module.pb": b"\x08\x03",
    "assets/empty.txt": b"",
    "assets/語彙 é.txt": "語\n".encode() * 5000,
    LONG: b"x",
    "variables/variables.index": random.Random(1).randbytes(3000),
    "variables/variables.data-00000-of-00001": random.Random(2).randbytes(3_500_000),
    "zeros": bytes(2_000_000),
    "block": b"b" * 1024,
}


@pytest.fixture
def module(tmp_path):
    return fill(tmp_path / "module", CONTENT)


def fill(directory, content):
    for path, data in content.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return directory


def read(directory):
    return {
        str(p.relative_to(directory)).replace(os.sep, "/"): p.read_bytes()
        for p in directory.rglob("*")
        if p.is_file()
    }


def assemble(archive: bytes, index: ArchiveIndex) -> dict[str, bytes]:
    """What a client makes of an index and ranges of the archive."""
    files = {file.path: bytearray(file.size) for file in index.files}
    for segment in index.segments:
        pieces = inflate_segment(segment, archive[segment.offset : segment.offset + segment.length])
        files[segment.path][segment.start : segment.start + segment.size] = b"".join(pieces)
    return {path: bytes(data) for path, data in files.items()}


def test_an_archive_is_an_ordinary_tar_gz(module, tmp_path):
    write_archive(module, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
        named: set[str] = set()  # older readers make a directory only when it is a member of its own
        for member in tar:
            assert "/" not in member.name or member.name.rpartition("/")[0] in named
            named |= {member.name} if member.isdir() else set()
        assert {(m.uid, m.gid, m.mtime) for m in tar} == {(0, 0, 0)}
        assert {m.mode for m in tar if m.isfile()} == {0o644}
    assert members == CONTENT
    (tmp_path / "tar").mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "a.tar.gz", "-C", tmp_path / "tar"], check=True)
    assert read(tmp_path / "tar") == CONTENT
    subprocess.run(["gzip", "-t", tmp_path / "a.tar.gz"], check=True)


def test_the_index_fills_every_file_from_ranges(module, tmp_path):
    index = write_archive(module, tmp_path / "a.tar.gz")
    archive = (tmp_path / "a.tar.gz").read_bytes()
    assert (index.archive_size, index.archive_sha256) == (len(archive), hashlib.sha256(archive).hexdigest())
    assert assemble(archive, index) == CONTENT
    assert {f.path: (f.size, f.sha256) for f in index.files} == {
        path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in CONTENT.items()
    }
    methods = {segment.path: segment.method for segment in index.segments}
    assert methods["variables/variables.data-00000-of-00001"] == "stored"
    assert methods["saved_model.pb"] == methods["zeros"] == "deflate"


def test_the_index_round_trips_through_json(module, tmp_path):
    index = write_archive(module, tmp_path / "a.tar.gz")
    assert ArchiveIndex.from_json(index.to_json()) == index


def test_the_same_content_gives_the_same_bytes(module, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(module, copy)
    os.utime(copy / "block", (1, 1))
    (copy / "block").chmod(0o600)
    (copy / "nothing in here").mkdir()
    assert write_archive(module, tmp_path / "a") == write_archive(copy, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_extracting_gives_the_files_and_their_digests(module, tmp_path):
    index = write_archive(module, tmp_path / "a.tar.gz")
    seen = []
    with open(tmp_path / "a.tar.gz", "rb") as stream:
        files = extract_archive(stream, tmp_path / "out", on_progress=seen.append)
    assert files == index.files
    assert module_digest(files) == index.digest
    assert read(tmp_path / "out") == CONTENT
    assert seen[-1] == index.size


@pytest.mark.parametrize("options", [["-cf"], ["-czf"], ["--format=gnu", "-czf"], ["--format=v7", "-cf"]])
def test_archives_of_tar_itself_are_read(module, tmp_path, options):
    if "v7" in options[0]:
        (module / LONG).unlink()
    subprocess.run(["tar", *options, tmp_path / "a", "-C", module, "."], check=True)
    with open(tmp_path / "a", "rb") as stream:
        extract_archive(stream, tmp_path / "out")
    assert read(tmp_path / "out") == read(module)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_tarfile_are_read(module, tmp_path, form):
    with tarfile.open(tmp_path / "a", "w:gz", format=form) as tar:
        tar.add(module, ".")
    with open(tmp_path / "a", "rb") as stream:
        extract_archive(stream, tmp_path / "out")
    assert read(tmp_path / "out") == CONTENT


def test_several_gzip_members_are_one_archive(module, tmp_path):
    write_archive(module, tmp_path / "a")
    tar = gzip.decompress((tmp_path / "a").read_bytes())
    members = b"".join(gzip.compress(tar[at : at + 700_001], 1) for at in range(0, len(tar), 700_001))
    extract_archive(io.BytesIO(members + bytes(100)), tmp_path / "out")
    assert read(tmp_path / "out") == CONTENT


def test_a_changed_variable_leaves_the_other_segments_as_they_were(module, tmp_path):
    before = write_archive(module, tmp_path / "a")
    data = bytearray(CONTENT["variables/variables.data-00000-of-00001"])
    data[1_500_000] ^= 1
    (module / "variables/variables.data-00000-of-00001").write_bytes(data)
    after = write_archive(module, tmp_path / "b")
    changed = {s.sha256 for s in after.segments} - {s.sha256 for s in before.segments}
    assert len(changed) == 1


def test_a_segment_of_wrong_bytes_is_refused(module, tmp_path):
    index = write_archive(module, tmp_path / "a")
    archive = (tmp_path / "a").read_bytes()
    for segment in (index.segments[0], next(s for s in index.segments if s.method == "stored")):
        data = bytearray(archive[segment.offset : segment.offset + segment.length])
        data[len(data) // 2] ^= 1
        for wrong in (bytes(data), data[:-1], b"", archive[: segment.length]):
            with pytest.raises(
                DigestError, match="of the archive with the digest of .* in the index, got other data"
            ):
                inflate_segment(segment, bytes(wrong))


def test_symbolic_links_within_the_module_are_followed_and_others_refused(module, tmp_path):
    (module / "link").symlink_to("block")
    index = write_archive(module, tmp_path / "a")
    assert "link" in {file.path for file in index.files}
    (module / "out").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="links to files within the module, got 'out' to '/etc/passwd'"):
        write_archive(module, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_devices_and_loops_are_refused(module, tmp_path):
    os.mkfifo(module / "pipe")
    with pytest.raises(ArchiveError, match="Expected files and directories, got 'pipe', a pipe, device"):
        write_archive(module, tmp_path / "a")
    (module / "pipe").unlink()
    (module / "loop").symlink_to("loop")
    with pytest.raises(ArchiveError, match="got 'loop'"):
        write_archive(module, tmp_path / "a")
    (module / "loop").unlink()
    (module / "dir").symlink_to("assets")
    with pytest.raises(ArchiveError, match="link to a directory"):
        write_archive(module, tmp_path / "a")


def test_names_that_readers_refuse_are_not_written(module, tmp_path):
    (module / "nul.txt").touch()
    with pytest.raises(ArchiveError, match="names that every system allows, got 'nul.txt'") as error:
        write_archive(module, tmp_path / "a")
    assert error.value.hint == "Rename the file, then export or publish again."


def test_an_archive_without_a_module_is_refused(tmp_path):
    with pytest.raises(
        NotAModuleError, match="Expected a module directory, got .*nowhere', which is not a directory"
    ):
        write_archive(tmp_path / "nowhere", tmp_path / "a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAModuleError, match="got an empty directory"):
        write_archive(tmp_path / "empty", tmp_path / "a")


def test_only_an_empty_directory_is_unpacked_into(module, tmp_path):
    write_archive(module, tmp_path / "a")
    with open(tmp_path / "a", "rb") as stream, pytest.raises(FileExistsError, match="an empty directory"):
        extract_archive(stream, module)
    assert read(module) == CONTENT


def test_a_failing_stream_leaves_an_empty_directory(module, tmp_path):
    write_archive(module, tmp_path / "a")

    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionResetError("peer gone")
            return super().read(size)

    with pytest.raises(ConnectionResetError, match="peer gone"):
        extract_archive(Broken((tmp_path / "a").read_bytes()), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


names = st.text(
    st.characters(codec="utf-8", exclude_characters='/\\<>:"|?*', exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=30,
)
trees = st.dictionaries(
    names, st.binary(max_size=3000) | st.integers(0, 300_000).map(bytes), min_size=1, max_size=5
)


@settings(max_examples=40)
@given(trees)
def test_any_tree_round_trips_or_is_refused(tmp_path_factory, content):
    root = tmp_path_factory.mktemp("tree")
    directory = root / "module"
    directory.mkdir()
    try:
        fill(directory, {f"d/{name}": data for name, data in content.items()})
    except OSError:
        return  # the file system itself cannot hold the name
    try:
        index = write_archive(directory, root / "a")
    except ArchiveError:
        return
    archive = (root / "a").read_bytes()
    assert assemble(archive, index) == read(directory)
    assert ArchiveIndex.from_json(index.to_json()) == index
    assert extract_archive(io.BytesIO(archive), root / "out") == index.files
    with tarfile.open(root / "a") as tar:
        assert {m.name for m in tar if m.isfile()} == {file.path for file in index.files}


def test_the_digest_is_of_content_only():
    a, b = FileEntry("a", 1, "0" * 64), FileEntry("b", 2, "1" * 64)
    assert module_digest([a, b]) == module_digest([b, a])
    assert module_digest([a, b]) != module_digest([a, dataclasses.replace(b, size=3)])


def test_limits_hold(module, tmp_path):
    write_archive(module, tmp_path / "a")
    archive = (tmp_path / "a").read_bytes()
    for limits, sentence in [
        (ArchiveLimits(total_bytes=1000), "at most 1,000 bytes of files"),
        (ArchiveLimits(files=3), "at most 3 files"),
        (ArchiveLimits(ratio=1, ratio_free_bytes=1000), "a decompression bomb"),
        (ArchiveLimits(path_bytes=50), "paths of at most 50 bytes"),
    ]:
        with pytest.raises(ArchiveError, match=sentence):
            extract_archive(io.BytesIO(archive), tmp_path / "out", limits)
        assert not list((tmp_path / "out").iterdir())
