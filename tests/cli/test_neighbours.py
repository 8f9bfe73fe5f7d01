"""`tfhub neighbours` as a user runs it."""

from __future__ import annotations

import json
import re

from command_line import run


def succeeded(capsys, *arguments):
    code, out, err = run(capsys, "neighbours", *arguments)
    assert code == 0, err
    return out


def test_texts_and_photos_are_indexed_and_found(capsys, text_module, photos, image_module, tmp_path):
    (tmp_path / "t.txt").write_text("war and battle\nkiss and heart\nsoldier in battle\n")
    succeeded(capsys, "build", text_module, tmp_path / "t.txt", "-o", tmp_path / "index")
    out = succeeded(capsys, "query", tmp_path / "index", "battle", "-k", "2", "--json")
    assert {n["key"] for n in json.loads(out)[0]["neighbours"]} == {"1", "3"}
    assert "soldier in battle" in succeeded(capsys, "query", tmp_path / "index", "battle")
    succeeded(capsys, "build", image_module, photos, "-o", tmp_path / "photos")
    page = tmp_path / "page.html"
    succeeded(
        capsys,
        "query",
        tmp_path / "photos",
        "--image",
        photos / "red" / "0.png",
        "--html",
        page,
    )
    assert page.read_text().count("data:image/jpeg;base64,") == 11
    assert not re.search(r"""(?:src|href)=["'](?!data:)|<script""", page.read_text())
