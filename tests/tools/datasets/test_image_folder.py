"""Folders of images as people have them: links, pipes, hidden files, names of all kinds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tensorflow_hub.tools.datasets.image_folder import image_files, read_images

if os.name == "nt":
    pytest.skip("links and pipes of POSIX", allow_module_level=True)


def below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in image_files(folder)]


@pytest.fixture
def folder(tmp_path):
    """Two classes with a photo each, one of them deeper down."""
    for name in ("photos/cat/1.jpg", "photos/dog/old/2.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return tmp_path / "photos"


def test_links_in_circles_are_not_followed(folder):
    (folder / "all").symlink_to(".")
    (folder / "dog" / "up").symlink_to("..")
    (folder / "cat" / "dogs").symlink_to("../dog")
    (folder / "dog" / "old" / "cats").symlink_to("../../cat")
    assert below(folder) == ["cat/1.jpg", "cat/dogs/old/2.jpg", "dog/old/2.jpg", "dog/old/cats/1.jpg"]
    dataset = read_images(folder)
    assert dataset.classes() == ("cat", "dog")
    assert dataset.empty_classes == ("all",)


def test_linked_folders_are_part_of_a_class(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "3.jpg").write_text("3")
    (folder / "cat" / "more").symlink_to(elsewhere)
    (folder / "bird").symlink_to(elsewhere)
    assert dict(read_images(folder).counts()) == {"bird": 1, "cat": 2, "dog": 1}


def test_links_to_nothing_are_named_and_hidden_folders_are_not_looked_into(folder):
    (folder / "cat" / "gone.jpg").symlink_to("nowhere.jpg")
    (folder / "cat" / "self.jpg").symlink_to("self.jpg")
    (folder / "cat" / ".trash").mkdir()
    (folder / "cat" / ".trash" / "4.jpg").write_text("4")
    os.mkfifo(folder / "cat" / "pipe.jpg")  # who opens it waits for ever
    dataset = read_images(folder)
    assert [example.name for example in dataset.examples] == ["cat/1.jpg", "dog/old/2.jpg"]
    assert [(item.name, item.reason) for item in dataset.skipped] == [
        ("cat/gone.jpg", "cannot be read: No such file or directory"),
        ("cat/self.jpg", "cannot be read: Too many levels of symbolic links"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_named(folder):
    (folder / "dog" / "old").chmod(0)
    try:
        assert below(folder) == ["cat/1.jpg", "dog/old"]
        dataset = read_images(folder)
    finally:
        (folder / "dog" / "old").chmod(0o700)
    assert [(item.name, item.reason) for item in dataset.skipped] == [
        ("dog/old", "cannot be read: Permission denied")
    ]


def test_a_class_is_named_in_one_line_of_utf8(folder):
    (folder / "cat").rename(folder / "big\ncat")
    (folder / "dog").rename(folder / os.fsdecode(b"dog\xff"))
    assert read_images(folder).classes() == ("big cat", "dog\\xff")
