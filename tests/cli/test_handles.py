"""Every verb that takes a module takes the handles of every source."""

from __future__ import annotations

import json

import pytest
from hub_content import module
from kaggle_server import files_of

ELMO, ON_KAGGLE = "https://tfhub.dev/google/elmo/3", "google/elmo/tensorFlow1/elmo/3"
HANDLES = pytest.mark.parametrize("handle", [ELMO, f"kaggle://{ON_KAGGLE}"], ids=["tfhub.dev", "kaggle"])


@pytest.fixture
def tfhub(services):
    services.kaggle.publish(ON_KAGGLE, {p: f.read_bytes() for p, f in files_of(module()).items()})

    def run(*arguments: object) -> str:
        done = services.tfhub(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@HANDLES
def test_check_lock_and_show(tfhub, handle):
    assert json.loads(tfhub("check", handle, "--json"))
    tfhub("lock", handle)
    assert handle in json.loads(tfhub("lock", "--json"))
    assert "elmo" in tfhub("show", handle)


@HANDLES
def test_the_cache(tfhub, handle, tmp_path):
    tfhub("pull", handle)
    assert handle in tfhub("cache", "list")
    tfhub("cache", "verify", handle)
    tfhub("cache", "export", handle, "-o", tmp_path / "modules.tar")
    tfhub("cache", "clear", handle)
    assert handle not in tfhub("cache", "list")
    tfhub("cache", "import", tmp_path / "modules.tar")
    assert handle in tfhub("cache", "list")


@HANDLES
def test_tools(services, handle, tmp_path):
    words = module("05_text_embedding")
    services.kaggle.publish(ON_KAGGLE, {p: f.read_bytes() for p, f in files_of(words).items()})
    (tmp_path / "posts.txt").write_text("a cat\na dog\n")
    done = services.tfhub("apply", handle, "posts.txt", "-o", "vectors")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "vectors").glob("*.parquet"))


@pytest.mark.parametrize(
    ("handle", "advice"),
    [
        ("/absent/module", "Check the path."),
        ("file:///absent", "Check the path."),
        ("https:/hub.example/a/b", "Did you mean 'https://hub.example/a/b'?"),
        (".", "`tfhub check` tells what is in a directory."),
    ],
)
def test_show_of_a_path_says_what_it_takes(services, handle, advice):
    done = services.tfhub("show", handle)
    assert done.returncode == 1
    assert f"got {handle!r}" in done.stderr
    assert advice in done.stderr
