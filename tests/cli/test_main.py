"""The command `tfhub`: mistyped verbs, and mistakes of a newcomer without a cache and without a hub."""

from __future__ import annotations

import pytest
from command_line import run


def test_a_mistyped_verb_gets_a_suggestion(capsys):
    code, _, said = run(capsys, "serach", "text")
    assert (code, said.splitlines()[-2]) == (2, "error: No such command 'serach'. Did you mean 'search'?")
    code, _, said = run(capsys, "xyzzyq")
    assert (code, said.splitlines()[-2]) == (2, "error: No such command 'xyzzyq'.")


@pytest.mark.parametrize(
    ("arguments", "said", "advice"),
    [
        (["xyzzyq"], "No such command 'xyzzyq'.", "`tfhub --help` lists the commands."),
        (["cache", "xyzzyq"], "No such command 'xyzzyq'.", "`tfhub cache --help` lists the commands."),
        (["pull"], "Missing argument 'HANDLE...'.", "`tfhub pull --help` lists the arguments and options"),
        (["pull", "--xyzzyq"], "No such option '--xyzzyq'.", "`tfhub pull --help` lists the arguments"),
        (["cache", "import", "none.tar"], "File 'none.tar' does not exist.", "Check the path. A relative"),
        (["mirror", "--list", "none.txt"], "'none.txt': No such file", "begins in the working directory, "),
        (["cache", "prune", "--max-size", "x"], "500MB or 20GiB, got 'x'", "`tfhub cache prune --help`"),
        (["lock", "--update"], "Pass the HANDLEs to update.", "`tfhub lock --help` lists the arguments"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments_get_the_usage_and_advice(capsys, arguments, said, advice):
    code, out, err = run(capsys, *arguments)
    usage, empty, error, hint = err.splitlines()
    assert (code, out, empty) == (2, "", "")
    assert usage.startswith("Usage: tfhub ")
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("  → ")
    assert advice in hint


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with an empty folder and an empty list, for a user without a cache and without a hub."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "list").write_text("# none yet\n")
    (tmp_path / "file").write_text("")
    (tmp_path / "data.parquet").write_bytes(b"no")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "expected_code", "said"),
    [
        (["show", "folder"], 1, ("got 'folder'.", "`tfhub check` tells what is in a directory.")),
        (["sbom", "folder"], 1, ("got 'folder'.", "`tfhub check` tells what is in a directory.")),
        (["verify", "folder"], 1, ("got 'folder'.", "`tfhub check` tells what is in a directory.")),
        (["sbom", "missing"], 1, ("Expected the name of a module on a hub", "Check the path")),
        (["verify", "missing"], 1, ("Expected the name of a module on a hub", "Check the path")),
        (["mirror", "--list", "list"], 2, ("Expected a list with one handle per line", "without handles")),
        (["mirror"], 2, ("Pass a HANDLE, --list or --all-matching.",)),
        (
            ["cache", "export", "folder", "-o", "x.tar"],
            2,
            ("got your own directory 'folder'.", "Copy the directory itself."),
        ),
        (["cache", "verify"], 0, ("There is nothing to check: the cache is empty.",)),
        (["retrain", "text", "folder", "--module", "m", "-o", "out"], 1, ("got the folder 'folder'.",)),
        (
            ["neighbours", "query", "file", "a"],
            1,
            ("'file' is not an index of neighbours: it is no folder.",),
        ),
        (["compare", "m", "--data", "data.parquet"], 1, ("is not a Parquet file: ", ". Write it again.")),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_mistake_is_explained(capsys, arguments, expected_code, said):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (expected_code, "")
    words = " ".join(err.rpartition("rror: ")[2].replace("\n  → ", " ").split())
    assert all(part in words for part in said), words
    assert "Errno" not in words
    assert ".. " not in words
