"""`tfhub retrain` as a user runs it."""

from __future__ import annotations

import json
import shutil

from command_line import run


def test_retrain_says_how_good_it_is_and_what_was_left_out(capsys, photos, image_module, tmp_path):
    data = tmp_path / "photos"
    shutil.copytree(photos, data)
    (data / "red" / "broken.jpg").write_bytes(b"no")
    code, out, err = run(
        capsys, "retrain", "image", data, "--module", image_module, "-o", tmp_path / "out", "--no-cache"
    )
    assert code == 0
    assert "test examples (3 classes, 60 examples; features: 60 computed, 0 reused)" in out
    assert "skipped: red/broken.jpg: 'broken.jpg' is not an image." in err
    assert "in its first line, publisher/model/version (or retrain with --name)" in err
    out = f"{tmp_path}/out"
    told = f"tfhub publish {out}/model --card {out}/card.md --measurements {out}/measurements.json\n"
    assert err.endswith(told)


def test_retrain_gives_json(capsys, reviews, text_module, tmp_path):
    code, out, _ = run(
        capsys,
        "retrain",
        "text",
        reviews,
        "--module",
        text_module,
        "-o",
        tmp_path / "out",
        "--json",
        "--no-cache",
        "--name",
        "acme/reviews/1",
    )
    assert code == 0
    assert (tmp_path / "out" / "card.md").read_text().startswith("# Module acme/reviews/1\n")
    assert json.loads(out)["accuracy"]["value"] > 0.7


def test_a_problem_has_a_message_and_a_next_step(capsys, reviews, text_module, tmp_path):
    code, _, err = run(
        capsys,
        "retrain",
        "text",
        reviews,
        "--module",
        text_module,
        "-o",
        tmp_path / "o",
        "--label-column",
        "stars",
    )
    assert code == 1
    assert "Expected a column 'stars' in 'reviews.csv', found 'text', 'label'." in err
    assert "--label-column" in err


def test_an_error_of_the_system_is_reported(capsys, reviews, text_module, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "model"
    code, _, err = run(capsys, "retrain", "text", reviews, "--module", text_module, "-o", out, "--no-cache")
    assert code == 1
    assert f"error: {out} cannot be used: Not a directory.\n" in err
