"""`tfhub retrain` and `tfhub label` as a user runs them."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from tests_tools import write_image

from tensorflow_hub.cli.main import main
from tensorflow_hub.errors import DataError, ModuleError


def tfhub(capsys, *arguments):
    """Runs the command line in this process; gives exit code, standard output, standard error."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as error:
        code = error.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def model(tmp_path_factory, photos, image_module):
    import tensorflow_hub as hub

    out = tmp_path_factory.mktemp("label") / "colours"
    hub.tools.retrain_image(photos, image_module, out, cache=False)
    return out


def test_retrain_says_how_good_it_is_and_what_was_left_out(capsys, photos, image_module, tmp_path):
    data = tmp_path / "photos"
    shutil.copytree(photos, data)
    (data / "red" / "broken.jpg").write_bytes(b"no")
    code, out, err = tfhub(
        capsys, "retrain", "image", data, "--module", image_module, "-o", tmp_path / "out", "--no-cache"
    )
    assert code == 0
    assert "test examples (3 classes, 60 examples; features: 60 computed, 0 reused)" in out
    assert "left out: red/broken.jpg: 'broken.jpg' is not an image." in err
    assert "in its first line, publisher/model/version (or retrain with --name)" in err
    assert err.endswith(f"tfhub publish {tmp_path}/out/model --card {tmp_path}/out/card.md\n")


def test_retrain_gives_json(capsys, reviews, text_module, tmp_path):
    code, out, _ = tfhub(
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


def test_a_problem_is_a_sentence_and_a_next_step(capsys, reviews, text_module, tmp_path):
    code, _, err = tfhub(
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


def test_what_the_system_refuses_is_a_sentence_too(capsys, reviews, text_module, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "model"
    code, _, err = tfhub(capsys, "retrain", "text", reviews, "--module", text_module, "-o", out, "--no-cache")
    assert code == 1
    assert f"error: {out} cannot be used: Not a directory.\n" in err


def test_label_files_and_folders(capsys, model, tmp_path):
    write_image(tmp_path / "a" / "1.png", (200, 30, 30), 1)
    write_image(tmp_path / "a" / "2.webp", (30, 30, 200), 2)
    (tmp_path / "a" / "3.png").write_bytes(b"no")
    code, out, err = tfhub(capsys, "label", model, tmp_path / "a", "--json")
    assert code == 1
    assert [item["label"] for item in json.loads(out)] == ["red", "blue", None]
    assert f"not labelled: {tmp_path}/a/3.png: '3.png' is not an image." in err


def test_label_reads_lines(capsys, reviews, text_module, tmp_path):
    import tensorflow_hub as hub

    hub.tools.retrain_text(reviews, text_module, tmp_path / "model", cache=False)
    (tmp_path / "lines.txt").write_bytes("\ufeffa lovely film\r\ndull\x0bindeed\n".encode())
    code, out, _ = tfhub(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "lines.txt", "--json")
    assert code == 0
    assert [item["name"] for item in json.loads(out)] == ["a lovely film", "dull\x0bindeed"]
    (tmp_path / "latin.txt").write_bytes(b"good\ncaf\xe9\n")
    code, _, err = tfhub(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "latin.txt")
    assert code == 1
    assert "latin.txt' is not text in UTF-8: invalid continuation byte in line 2." in err
    code, out, _ = tfhub(capsys, "label", tmp_path / "model", "--text", "lovely \udcff")  # no UTF-8 in argv
    assert code == 0
    code, _, err = tfhub(capsys, "label", tmp_path / "model", "--text-file", tmp_path / "none.txt")
    assert "There is no file" in err


def test_labels_stay_in_order_whatever_separates_their_words(text_module, tmp_path):
    import tensorflow_hub as hub

    rows = [f"{word} {i},{label}" for i in range(30) for word, label in (("good", "x\x1cy"), ("bad", "z"))]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows))
    hub.tools.retrain_text(tmp_path / "data.csv", text_module, tmp_path / "model", cache=False)
    labeller = hub.tools.Labeller(tmp_path / "model")
    assert labeller.labels == ("x y", "z")
    assert [labelled.label for labelled in labeller.texts(["good", "bad"])] == ["x y", "z"]


def test_label_shows_a_table(capsys, model, tmp_path):
    write_image(tmp_path / "two\nlines.png", (200, 30, 30), 1)
    code, out, _ = tfhub(capsys, "label", model, tmp_path / "two\nlines.png", "--top", "1")
    assert code == 0
    assert out.splitlines()[1].split()[:2] == [f"{tmp_path}/two\\nlines.png", "red"]


def test_an_image_cut_off_in_the_middle_spoils_no_other(model, tmp_path):
    from tensorflow_hub.tools import Labeller

    whole = write_image(tmp_path / "whole.jpg", (30, 30, 200), 3, (64, 64))
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:700])
    results = {r.name.rsplit("/", 1)[1]: r for r in Labeller(model).images([tmp_path])}
    assert results["whole.jpg"].label == "blue"
    assert re.match(r"'cut.jpg' cannot be decoded: [^<{]*jpeg", results["cut.jpg"].problem)


def test_what_is_no_classifier_is_refused(image_module):
    from tensorflow_hub.tools import Labeller

    with pytest.raises(ModuleError, match=r"Expected a classifier that `tfhub retrain` wrote"):
        Labeller(image_module)


def test_texts_for_an_image_classifier_are_refused(model):
    from tensorflow_hub.tools import Labeller

    with pytest.raises(DataError, match="The classifier labels images, it was given texts"):
        list(Labeller(model).texts(["a"]))
    with pytest.raises(DataError, match="There is no file 'nowhere.jpg'"):
        list(Labeller(model).images(["nowhere.jpg"]))
    with pytest.raises(DataError, match=r"Expected a list of files, got 'nowhere.jpg'"):
        list(Labeller(model).images("nowhere.jpg"))
