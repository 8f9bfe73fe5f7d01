"""`tfhub pull` as a user calls it, in a process of its own."""

from __future__ import annotations

import json

from archived_modules import contents
from command_line import tfhub


def test_pull_prints_the_path(handle, module, tmp_path):
    path = tfhub("pull", "acme/text/1").strip()
    assert contents(path) == contents(module)
    [facts] = json.loads(tfhub("pull", handle, "--json"))
    assert (facts["path"], facts["origin"], facts["handle"]) == (path, "cache", handle)
    tfhub("pull", handle, "--to", str(tmp_path / "copy"))
    assert contents(tmp_path / "copy") == contents(module)
    refused = tfhub("pull", handle, "--to", str(tmp_path / "copy"), code=1)
    assert f"copy the module to '{tmp_path / 'copy'}', got the error: File exists." in refused
    assert "Pass a directory that does not exist." in refused
    assert contents(tmp_path / "copy") == contents(module)
    assert not list(tmp_path.glob(".pull-*"))


def test_a_path_that_the_output_cannot_hold_is_printed_by_its_numbers(handle, tmp_path):
    there = {"TFHUB_CACHE_DIR": str(tmp_path / "日本"), "PYTHONIOENCODING": "ascii"}
    assert r"\u65e5\u672c" in tfhub("pull", handle, **there)
    assert handle in tfhub("cache", "list", **there)


def test_pull_of_a_missing_module_has_its_exit_code(handle):
    assert "Nothing is published" in tfhub("pull", "acme/none/1", code=3)
    assert "cannot be reached" in tfhub("pull", "acme/none/1", code=4, TFHUB_URL="http://127.0.0.1:9")
