"""Files that appear whole or not at all."""

from __future__ import annotations

import os

import pytest

from tensorflow_hub import whole_file as whole_file_module
from tensorflow_hub.whole_file import whole_file


def test_it_appears_at_the_end_with_the_mode_of_any_file(tmp_path):
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a") as file:
            file.write(b"text")
            assert not (tmp_path / "a").exists()
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"text"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_private_one_is_its_owners(tmp_path):
    with whole_file(tmp_path / "a", private=True, durable=True) as file:
        file.write(b"text")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_after_a_failure_the_old_one_is_there_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")

    def fail() -> None:
        with whole_file(tmp_path / "a") as file:
            file.write(b"half")
            raise KeyboardInterrupt("by Ctrl-C")

    with pytest.raises(KeyboardInterrupt, match="by Ctrl-C"):
        fail()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


@pytest.mark.parametrize("times", [3, 1000])
def test_a_reader_is_waited_for_where_it_hinders(tmp_path, monkeypatch, times):
    replace, refused = os.replace, []

    def replace_while_open(source, target):  # as Windows does it
        if len(refused) < times:
            refused.append(target)
            raise PermissionError(13, "The process cannot access the file", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_while_open)
    monkeypatch.setattr(whole_file_module, "_READERS_HINDER", True)
    monkeypatch.setattr(whole_file_module, "_PAUSE", 0)

    def write() -> None:
        with whole_file(tmp_path / "a") as file:
            file.write(b"text")

    if times == 3:
        write()
        assert (tmp_path / "a").read_bytes() == b"text"
    else:
        with pytest.raises(PermissionError, match="cannot access the file"):
            write()
        assert not list(tmp_path.iterdir())
