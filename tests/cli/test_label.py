"""`tfhub label` as a user runs it."""

from __future__ import annotations

import json

import pytest
from command_line import run
from tool_data import write_image


@pytest.fixture(scope="module")
def model(tmp_path_factory, photos, image_module):
    import tensorflow_hub as hub

    out = tmp_path_factory.mktemp("label") / "colours"
    hub.tools.retrain_image(photos, image_module, out, cache=False)
    return out


def test_label_files_and_folders(capsys, model, tmp_path):
    write_image(tmp_path / "a" / "1.png", (200, 30, 30), 1)
    write_image(tmp_path / "a" / "2.webp", (30, 30, 200), 2)
    (tmp_path / "a" / "3.png").write_bytes(b"no")
    code, out, err = run(capsys, "label", model, tmp_path / "a", "--json")
    assert code == 1
    assert [item["label"] for item in json.loads(out)] == ["red", "blue", None]
    assert f"not labelled: {tmp_path}/a/3.png: '3.png' is not an image." in err


def test_label_reads_lines(capsys, reviews, text_module, tmp_path):
    import tensorflow_hub as hub

    hub.tools.retrain_text(reviews, text_module, tmp_path / "model", cache=False)
    (tmp_path / "lines.txt").write_bytes("\ufeffa lovely film\r\ndull\x0bindeed\n".encode())
    code, out, _ = run(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "lines.txt", "--json")
    assert code == 0
    assert [item["name"] for item in json.loads(out)] == ["a lovely film", "dull\x0bindeed"]
    (tmp_path / "latin.txt").write_bytes(b"good\ncaf\xe9\n")
    code, _, err = run(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "latin.txt")
    assert code == 1
    assert "latin.txt', got other bytes in line 2: invalid continuation byte." in err
    code, out, _ = run(capsys, "label", tmp_path / "model", "--text", "lovely \udcff")  # no UTF-8 in argv
    assert code == 0
    code, _, err = run(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "none.txt")
    assert "but there is none." in err


def test_label_shows_a_table(capsys, model, tmp_path):
    write_image(tmp_path / "two\nlines.png", (200, 30, 30), 1)
    code, out, _ = run(capsys, "label", model, tmp_path / "two\nlines.png", "--top", "1")
    assert code == 0
    assert out.splitlines()[1].split()[:2] == [f"{tmp_path}/two\\nlines.png", "red"]


def test_what_is_no_classifier_is_named_with_the_command_that_makes_one(capsys, tmp_path):
    code, out, err = run(capsys, "label", tmp_path / "nothing", "--text", "a")
    assert (code, out) == (3, "")
    assert f"or the handle of a published classifier, got '{tmp_path}/nothing'. There is no directory" in err
    assert "Check the path" in err
    assert "`tfhub retrain text` one of texts" in err
    code, out, err = run(capsys, "label", tmp_path, "--text", "a")
    assert (code, out) == (1, "")
    assert f"wrote, there is no saved_model.pb in '{tmp_path}'." in err
    assert "`tfhub retrain image PHOTOS --module HANDLE -o OUT` makes a classifier of images" in err
