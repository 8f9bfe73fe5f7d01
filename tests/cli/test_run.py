"""`tfhub run` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import run
from detector import photo, save_detector

TEXTS = Path(__file__).parents[1] / "data" / "tf1_modules" / "05_text_embedding" / "module"
LINE = TEXTS.parents[1] / "01_linear_scalar" / "module"


def test_texts_get_a_matrix_of_similarities(capsys):
    code, out, _ = run(capsys, "run", TEXTS, "cat", "dog", "cat")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["default:", "float32[3,", "4]"]
    assert lines[2][:2] == ["1", "1.00"]
    assert (lines[2][3], lines[2][4]) == ("1.00", "cat")


def test_values_are_printed_and_come_as_json(capsys):
    assert run(capsys, "run", LINE, "[1, 2]")[1].splitlines() == ["default: float32[2]", "  2.5", "  3"]
    code, out, _ = run(capsys, "run", LINE, "[1, 2]", "--json")
    assert code == 0
    assert json.loads(out)["outputs"] == {"default": [2.5, 3.0]}


def test_classes_are_shown_with_bars(capsys, photos, image_module, tmp_path):
    arguments = ["--module", image_module, "-o", tmp_path / "out", "--no-cache"]
    assert run(capsys, "retrain", "image", photos, *arguments)[0] == 0
    code, out, err = run(capsys, "run", tmp_path / "out" / "model", photos / "red" / "0.png", "--top", "1")
    assert code == 0
    assert "logits" in err
    best = out.splitlines()[2]
    assert best.strip().startswith("█")
    assert best.endswith("%  red")
    assert len(out.splitlines()) == 3


def test_inputs_by_name_need_an_equals_sign(capsys):
    code, _, err = run(capsys, "run", LINE, "--input", "default")
    assert code == 1
    assert "Expected NAME=VALUE, got 'default'." in err
    code, out, _ = run(capsys, "run", LINE, "--input", "default=[4]")
    assert (code, out.splitlines()[1]) == (0, "  4")


def test_a_picture_needs_a_module_that_gives_one(capsys, tmp_path):
    code, _, err = run(capsys, "run", LINE, "[1]", "--output", tmp_path / "x.png")
    assert code == 1
    assert "The module gives no picture." in err


def test_boxes_of_a_detector_are_printed_and_drawn(capsys, tmp_path):
    (tmp_path / "a.png").write_bytes(photo((120, 80)))
    module = save_detector(tmp_path / "module", "person\nbicycle\n")
    boxes = tmp_path / "boxes.jpg"
    code, out, err = run(capsys, "run", module, tmp_path / "a.png", "--output", boxes)
    assert code == 0, err
    assert "boxes.jpg" in err
    lines = [line.split() for line in out.splitlines()]
    assert "a.png: 2 found with a score of 30 % or more" in out
    assert ["90.0", "%", "bicycle", "30", "20", "60", "40"] in lines
    assert "detection_boxes" not in out
    assert "num_detections: float32[1]" in out
    assert boxes.read_bytes().startswith(b"\xff\xd8")
