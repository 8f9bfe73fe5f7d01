"""Every verb that takes a module takes the handles of every source."""

from __future__ import annotations

import json

import pytest
from hub_content import module
from kaggle_server import files_of

ELMO, ON_KAGGLE = "https://tfhub.dev/google/elmo/3", "google/elmo/tensorFlow1/elmo/3"
ON_HUGGING_FACE = "google/elmo"
HANDLES = pytest.mark.parametrize(
    "handle",
    [ELMO, f"kaggle://{ON_KAGGLE}", f"hf://{ON_HUGGING_FACE}"],
    ids=["tfhub.dev", "kaggle", "hugging face"],
)
POSTS = {"pets": ["a cat", "a dog", "the cat", "my dog"], "sea": ["a fish", "a ship", "the fish", "my ship"]}


@pytest.fixture
def tfhub(services):
    return publishing(services, module())


@pytest.fixture
def tools(services, tmp_path):
    """The command, where the handles lead to a text embedding, and `posts.csv` has labelled texts."""
    rows = [
        f"{text} {number},{label}" for label, texts in POSTS.items() for text in texts for number in range(5)
    ]
    (tmp_path / "posts.csv").write_text("\n".join(["text,label", *rows]))
    return publishing(services, module("05_text_embedding"))


def publishing(services, folder):
    """Publishes a module everywhere; what runs the command and gives its output."""
    files = {path: file.read_bytes() for path, file in files_of(folder).items()}
    services.kaggle.publish(ON_KAGGLE, files)
    services.hugging_face.publish(ON_HUGGING_FACE, files)

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
def test_run(tfhub, handle):
    assert json.loads(tfhub("run", handle, "[1, 2]", "--json"))["outputs"] == {"default": [2.5, 3.0]}


@HANDLES
def test_apply(tools, handle, tmp_path):
    (tmp_path / "posts.txt").write_text("a cat\na dog\n")
    tools("apply", handle, "posts.txt", "-o", "vectors")
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


def test_show_of_a_version_that_does_not_exist_says_which_do(tfhub, services):
    done = services.tfhub("show", f"kaggle://{ON_KAGGLE.rpartition('/')[0]}/9")
    assert done.returncode == 3
    assert f"The model has {ON_KAGGLE}." in done.stderr


@HANDLES
def test_retrain(tools, handle, tmp_path):
    found = json.loads(
        tools("retrain", "text", "posts.csv", "--module", handle, "-o", "classifier", "--json")
    )
    assert found["module"]["handle"] == handle
    assert f"`{handle}`" in (tmp_path / "classifier" / "card.md").read_text()


def test_compare(tools):
    handles = [ELMO, f"kaggle://{ON_KAGGLE}", f"hf://{ON_HUGGING_FACE}"]
    found = json.loads(tools("compare", *handles, "--data", "posts.csv", "--json"))
    assert [row["module"] for row in found["modules"]] == handles
    assert len({str(row["accuracy"]) for row in found["modules"]}) == 1  # the same files in three places
