"""`tfhub compare` as a user runs it."""

from __future__ import annotations

import json

from command_line import run


def test_a_module_is_measured_and_a_page_written(capsys, photos, image_module, tmp_path):
    arguments = ["--data", photos, "--json", "--no-cache", "--html", tmp_path / "c.html"]
    code, out, _ = run(capsys, "compare", image_module, *arguments)
    assert code == 0
    (found,) = json.loads(out)["modules"]
    assert found["accuracy"]["value"] > 0.8
    assert (tmp_path / "c.html").exists()


def test_an_encoder_in_two_parts_is_compared(parts, reviews, text_module, capsys):
    first, encoder = parts
    arguments = ["--data", reviews, "--preprocessor", f"{encoder}={first}", "--no-cache", "--json"]
    code, out, _ = run(capsys, "compare", encoder, text_module, *arguments)
    assert code == 0
    assert [entry["dimension"] for entry in json.loads(out)["modules"]] == [16, 24]
