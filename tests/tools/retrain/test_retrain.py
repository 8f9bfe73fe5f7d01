"""Retraining from data and a module to a folder that can be used and published."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tool_data import save_image_module, write_image

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, ModuleError, SignatureError
from tensorflow_hub.format.card.rules import check_card
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.tools.encoders import open_encoder
from tensorflow_hub.tools.modules import digest_of
from tensorflow_hub.tools.retrain.classifier import Classifier, write_saved_model
from tensorflow_hub.tools.retrain.head import Head


@pytest.fixture(scope="module")
def trained(tmp_path_factory, photos, image_module):
    folder = tmp_path_factory.mktemp("retrained")
    return hub.tools.retrain_image(
        photos, image_module, folder / "colours", cache_folder=str(folder / "cache"), tflite=True, test=0.3
    )


def test_a_classifier_comes_out_and_is_right(trained):
    assert trained.accuracy.value > 0.9
    assert trained.labels == ("blue", "green", "red")
    assert sorted(p.name for p in trained.output.iterdir()) == sorted(
        ["model", "model.tflite", "labels.txt", "card.md", "report.html", "metrics.json", "measurements.json"]
    )
    assert (
        json.loads((trained.output / "metrics.json").read_text())["accuracy"]["hits"] == trained.accuracy.hits
    )


def test_an_outcome_is_shown_in_a_line(trained):
    shown = rf"<Outcome '.*': 3 classes, {re.escape(str(trained.accuracy))} on \d+ test examples>"
    assert re.fullmatch(shown, repr(trained))


def test_the_saved_model_takes_bytes_and_says_what_training_measured(trained, photos):
    serve = tf.saved_model.load(str(trained.output / "model")).signatures["serving_default"]
    readable = [
        (e, s) for e, s in zip(trained.measured, trained.scores, strict=True) if e.path.suffix != ".webp"
    ]
    result = serve(image_bytes=tf.constant([e.path.read_bytes() for e, _ in readable]))
    np.testing.assert_allclose(result["scores"].numpy(), [s for _, s in readable], atol=1e-4)
    assert result["label"].numpy()[0].decode() in trained.labels


def test_the_saved_model_is_a_module_of_the_classification_interface(trained):
    (interface,) = hub.check_interface(str(trained.output / "model"))
    assert interface.name == "image-classification"
    module = hub.load(str(trained.output / "model"))
    logits = module(tf.zeros([2, 16, 16, 3]))
    assert logits.shape == (2, 3)
    assert len(module.trainable_variables) == 3


def test_the_module_is_traced_once_for_each_function_that_is_saved(image_module, tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    encoder, traced = open_encoder(image_module, "image"), []

    def features(batch, training):
        traced.append(training)
        return encoder.features(batch, training)

    head = Head(np.zeros((encoder.dimension, 2), np.float32), np.zeros(2, np.float32))
    counted = dataclasses.replace(encoder, features=features)
    write_saved_model(Classifier(counted, head, ["a", "b"], tmp_path / "labels.txt"), tmp_path / "model")
    assert sorted(traced) == [False, False, False, True], "`__call__` twice, and two signatures"


def test_the_tflite_file_says_the_same(trained):
    interpreter = tf.lite.Interpreter(model_content=(trained.output / "model.tflite").read_bytes())
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).uniform(size=(1, 16, 16, 3)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    scores = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    full = hub.load(str(trained.output / "model"))(image)
    np.testing.assert_allclose(scores, tf.nn.softmax(full), atol=1e-4)


def test_the_card_can_be_published(trained, image_module):
    text = (trained.output / "card.md").read_text()
    card = parse_card(text)
    assert not check_card(card)
    assert card.name == "my-publisher/colours/1"
    assert f"`{digest_of(Path(image_module))}`" in text


def test_the_code_of_the_card_runs(trained, photos, tmp_path, monkeypatch):
    code = re.search(r"```python\n(.*?)```", (trained.output / "card.md").read_text(), re.DOTALL)[1]
    shutil.copy(photos / "red" / "1.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    variables = {}
    exec(code.replace("my-publisher/colours/1", str(trained.output / "model")), variables)
    assert variables["result"]["label"].numpy()[0] == b"red"


def test_the_report_needs_nothing_from_elsewhere(trained):
    page = (trained.output / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|url\((?!data:)|@import|<script""", page)
    assert "Confusion matrix" in page
    assert "Would more examples help?" in page


def test_a_second_run_computes_nothing_and_another_seed_splits_again(trained, photos, image_module, tmp_path):
    again = hub.tools.retrain_image(
        photos,
        image_module,
        tmp_path / "again",
        cache_folder=str(trained.output.parent / "cache"),
        penalty=0.5,
        seed=7,
    )
    assert (again.features.computed, again.features.reused) == (0, 60)
    assert set(again.splits.test) != set(trained.splits.test)


def test_a_model_on_features_of_the_cache_is_that_on_computed_ones(trained, photos, image_module, tmp_path):
    cache = str(trained.output.parent / "cache")
    renamed = tmp_path / "photos"
    for path in sorted(photos.rglob("*.*")):
        target = renamed / path.parent.name.upper() / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    cached = hub.tools.retrain_image(renamed, image_module, tmp_path / "cached", cache_folder=cache)
    computed = hub.tools.retrain_image(renamed, image_module, tmp_path / "computed", cache=False)
    assert (cached.features.computed, computed.features.computed) == (0, 60)
    images = np.random.default_rng(0).uniform(size=(5, 16, 16, 3)).astype(np.float32)
    models = [hub.load(str(one.output / "model")) for one in (cached, computed)]
    first, second = (m.signatures["images"](images=tf.constant(images)) for m in models)
    np.testing.assert_allclose(first["scores"], second["scores"], atol=1e-5)
    assert first["label"].numpy().tolist() == second["label"].numpy().tolist()
    assert set(first["label"].numpy()) <= {b"RED", b"GREEN", b"BLUE"}
    assert models[0](images, training=True).shape == (5, 3)
    assert (tmp_path / "cached" / "model" / "assets" / "labels.txt").read_text() == "BLUE\nGREEN\nRED\n"


def test_the_split_depends_on_content_only(trained, photos, image_module, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(photos, moved)
    shutil.rmtree(moved / "green")
    (moved / "blue" / "0.png").rename(moved / "blue" / "renamed.png")
    again = hub.tools.retrain_image(moved, image_module, tmp_path / "out", cache=False, test=0.3)

    def digests(outcome):
        return {outcome.features.examples[i].digest for i in outcome.splits.test}

    assert digests(again) <= digests(trained)


def test_bad_files_are_named_counted_and_left_out(image_module, tmp_path):
    data = tmp_path / "data"
    for i in range(15):
        write_image(data / "red" / f"{i}.png", (200, 30, 30), i)
        write_image(data / "blue" / f"{i}.png", (30, 30, 200), i + 100)
    (data / "red" / "empty.jpg").write_bytes(b"")
    (data / "red" / "text.png").write_text("not a picture")
    whole = write_image(data / "blue" / "whole.jpg", (30, 30, 200), 999, (64, 64)).read_bytes()
    (data / "blue" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (data / "blue" / "notes.txt").write_text("mine")
    (data / "red" / "phone.HEIC").write_bytes(b"\0\0\0\x24ftypheic" + bytes(100))
    (data / "nothing").mkdir()
    (data / "only-bad").mkdir()
    (data / "only-bad" / "bad.gif").write_bytes(b"GIF89a")
    write_image(data / "stray.png", (0, 0, 0), 5)
    (data / "blue" / "copy of red.png").write_bytes((data / "red" / "3.png").read_bytes())

    outcome = hub.tools.retrain_image(data, image_module, tmp_path / "out", cache=False)

    assert {s.name for s in outcome.dataset.skipped} == {
        "red/empty.jpg", "red/text.png", "blue/cut.jpg", "blue/notes.txt", "only-bad/bad.gif", "stray.png",
        "red/phone.HEIC",
    }  # fmt: skip
    reasons = {s.name: s.reason for s in outcome.dataset.skipped}
    assert reasons["red/phone.HEIC"] == "'phone.HEIC' is a HEIC photo, which cannot be read."
    assert set(outcome.dataset.empty_classes) == {"nothing", "only-bad"}
    assert outcome.labels == ("blue", "red")
    assert len(outcome.dataset.examples) == 32
    ((a, b),) = outcome.dataset.same_content_other_labels()
    assert {a.name, b.name} == {"red/3.png", "blue/copy of red.png"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "red/text.png" in page
    assert "copy of red" in page


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_images_of_every_mode_are_read(mode, tmp_path):
    from tensorflow_hub.tools.images import Reader

    suffix = "jpg" if mode == "CMYK" else "png"
    plain = Image.new("RGB", (20, 30), (250, 250, 250))
    image = Image.new("I;16", (20, 30), 64000) if mode == "I;16" else plain.convert(mode)
    image.save(tmp_path / f"image.{suffix}")
    array = Reader((8, 8))(tmp_path / f"image.{suffix}")
    assert array.shape == (8, 8, 3)
    assert array.mean() > 0.9


def test_a_photo_lying_on_its_side_is_read_upright(tmp_path):
    from tensorflow_hub.tools.images import Reader

    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20] = 255  # left half white
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: left becomes top
    Image.fromarray(pixels).save(tmp_path / "side.jpg", exif=exif)
    array = Reader((10, 10))(tmp_path / "side.jpg")
    assert array[:4].mean() > 0.9
    assert array[6:].mean() < 0.1


def test_a_phones_photo_is_resized_as_it_is_in_one_step(tmp_path):
    from tensorflow_hub.tools.images import Reader

    pixels = np.linspace(0, 255, 300 * 400 * 3).reshape(300, 400, 3).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    floats = tf.image.resize(pixels.astype(np.float32) / 255, (20, 30), "bicubic", antialias=True)
    np.testing.assert_allclose(Reader((20, 30))(tmp_path / "photo.png"), floats, atol=1e-5)


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (224, 224), (20, 224), (224, 20)])
def test_smoothing_is_left_out_only_where_it_changes_nothing(size, tmp_path):
    from tensorflow_hub.tools.images import Reader

    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "icon.png")
    smoothed = tf.image.resize(pixels, size, "bicubic", antialias=True).numpy().clip(0, 255)
    np.testing.assert_allclose(Reader(size)(tmp_path / "icon.png") * 255, smoothed, atol=0.3)


def test_a_name_in_another_encoding_is_written_readably(image_module, tmp_path):
    import os

    data = tmp_path / "data"
    for i in range(12):
        write_image(data / "red" / f"{i}.png", (200, 30, 30), i)
        write_image(data / "blue" / f"{i}.png", (30, 30, 200), i + 100)
    with open(os.fsencode(data / "red") + b"/caf\xe9.png", "wb") as stream:
        stream.write(b"no picture")
    outcome = hub.tools.retrain_image(data, image_module, tmp_path / "out", cache=False)
    assert [s.name for s in outcome.dataset.skipped] == ["red/caf\\xe9.png"]
    assert "caf" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_one_class_is_refused_before_anything_is_computed(image_module, tmp_path):
    write_image(tmp_path / "data" / "red" / "1.png", (200, 30, 30), 1)
    with pytest.raises(DataError, match=r"at least 2 classes .* found only 'red' \(1 examples\)"):
        hub.tools.retrain_image(tmp_path / "data", "no/such/module", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_in_use_is_not_touched(photos, image_module, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        hub.tools.retrain_image(photos, image_module, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_an_interrupted_run_leaves_the_earlier_result_whole(photos, image_module, tmp_path):
    out = tmp_path / "out"

    def run(**options):
        return hub.tools.retrain_image(photos, image_module, out, cache=False, **options)

    def interrupt(what, done, total):
        if what == "fine-tuning":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run(fine_tune=True, progress=interrupt)
    assert not out.exists()
    run(tflite=True)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run(fine_tune=True, overwrite=True, progress=interrupt)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    (out / ".retrain-killed").mkdir()
    run(overwrite=True)
    names = {"model", "labels.txt", "card.md", "report.html", "metrics.json", "measurements.json"}
    assert {p.name for p in out.iterdir()} == names


# A limit of the size of files, as on a full disk; the signal that comes with it is put aside.
TOO_LARGE = """
import resource, signal, sys
import tensorflow_hub as hub
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))
try:
    hub.tools.retrain_image(*sys.argv[1:4], cache=False)
except hub.errors.ExportError as error:
    print(error)
"""


def test_a_model_that_finds_no_room_is_said_to(photos, image_module, tmp_path):
    arguments = [str(photos), str(image_module), str(tmp_path / "out")]
    ended = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, *arguments], capture_output=True, text=True, check=False
    )
    assert re.search(r"cannot be written: .*too large\. Make room on the disk", ended.stdout), ended
    assert not (tmp_path / "out").exists()


def test_overwriting_replaces_a_result_and_nothing_else(photos, image_module, tmp_path):
    (tmp_path / "project" / "model").mkdir(parents=True)
    (tmp_path / "project" / "model" / "mine.py").write_text("mine")
    with pytest.raises(DataError, match="holds something else than an earlier result"):
        hub.tools.retrain_image(photos, image_module, tmp_path / "project", overwrite=True)
    assert (tmp_path / "project" / "model" / "mine.py").read_text() == "mine"


def test_a_text_module_is_refused_for_images(photos, text_module, tmp_path):
    with pytest.raises(ModuleError, match=r"to take images, .*; it takes string\[\?\]\."):
        hub.tools.retrain_image(photos, text_module, tmp_path / "out")


def test_an_image_module_is_refused_for_texts(reviews, image_module, tmp_path):
    with pytest.raises(
        ModuleError, match=r"to take texts, string \[b\]; it takes float32\[\?, 16, 16, 3\]\."
    ):
        hub.tools.retrain_text(reviews, image_module, tmp_path / "out")


def test_an_unknown_signature_is_refused_with_those_there_are(reviews, text_module, tmp_path):
    with pytest.raises(SignatureError, match="signature 'tokens' in .*found only 'serving_default'"):
        hub.tools.retrain_text(reviews, text_module, tmp_path / "out", signature="tokens")


def test_an_output_that_does_not_exist_is_refused(reviews, text_module, tmp_path):
    with pytest.raises(
        ModuleError, match=r"an output 'pooled', but it has one output without a name\. Leave"
    ):
        hub.tools.retrain_text(reviews, text_module, tmp_path / "out", output_key="pooled")


def test_of_many_classes_without_training_examples_some_are_named(text_module, tmp_path):
    rows = "".join(f"text {i},class {i}\n" for i in range(300))
    (tmp_path / "data.csv").write_text(f"text,label\n{rows}")
    with pytest.raises(DataError, match=r"are left of ('class \d+' \(1 in all\),? ?){5}and \d+ more"):
        hub.tools.retrain_text(tmp_path / "data.csv", text_module, tmp_path / "out", cache=False)


def test_options_out_of_range_are_refused():
    with pytest.raises(DataError, match=r"Expected epochs of 1 or more, got 0\."):
        hub.tools.retrain_text("x.csv", "m", "out", epochs=0)
    with pytest.raises(DataError, match=r"Expected shares with validation \+ test < 1, got 0\.5 and 0\.5\."):
        hub.tools.retrain_text("x.csv", "m", "out", validation=0.5, test=0.5)


def test_texts(reviews, text_module, tmp_path):
    outcome = hub.tools.retrain_text(reviews, text_module, tmp_path / "out", cache=False, tflite=True)
    assert outcome.accuracy.value > 0.8
    serve = hub.load(str(tmp_path / "out" / "model")).signatures["serving_default"]
    result = serve(text=tf.constant(["a wonderful lovely film", "boring awful plot"]))
    assert [label.decode() for label in result["label"].numpy()] == ["positive", "negative"]
    assert (tmp_path / "out" / "model.tflite").stat().st_size > 1000
    assert "Most certain mistakes" in (tmp_path / "out" / "report.html").read_text()
    assert hub.check_interface(str(tmp_path / "out" / "model")) == (), "its numbers are no embedding"


def test_labels_of_any_kind_stay_within_their_places(text_module, tmp_path):
    labels = ("x" * 3000, "<script>alert(1)</script>", "\u202eback\x07")
    rows = [json.dumps({"text": f"text {i}", "label": label}) for label in labels for i in range(20)]
    (tmp_path / "data.jsonl").write_text("\n".join(rows))
    hub.tools.retrain_text(tmp_path / "data.jsonl", text_module, tmp_path / "out", cache=False)
    report = (tmp_path / "out" / "report.html").read_text()
    assert "x" * 79 + "…" in report
    assert "x" * 201 not in report, "no column is wider than the page"
    assert "<script" not in report
    card = (tmp_path / "out" / "card.md").read_text()
    assert "| back |" in card
    assert not re.search("<script|x{201}|\u202e|\x07", card)


def test_multi_label_texts_with_class_weights(text_module, tmp_path):
    rows = []
    for i in range(120):
        labels = [name for name, bit in (("war", 1), ("love", 2)) if i % 4 & bit]
        words = [{"war": "battle soldier", "love": "kiss heart"}[name] for name in labels]
        rows.append(json.dumps({"text": f"film {' '.join(words)} {i}", "labels": labels}))
    (tmp_path / "topics.jsonl").write_text("\n".join(rows))
    outcome = hub.tools.retrain_text(
        tmp_path / "topics.jsonl",
        text_module,
        tmp_path / "out",
        multi_label=True,
        class_weights="balanced",
        cache=False,
    )
    assert outcome.accuracy.value > 0.8
    serve = hub.load(str(tmp_path / "out" / "model")).signatures["serving_default"]
    scores = serve(text=tf.constant(["film battle soldier kiss heart 500"]))["scores"].numpy()
    assert (scores > 0.5).all()
    assert "Confusion matrix" not in (tmp_path / "out" / "report.html").read_text()
    assert "Examples whose labels are all right, on" in (tmp_path / "out" / "card.md").read_text()


def test_what_cannot_be_measured_is_said_so_everywhere(text_module, tmp_path):
    (tmp_path / "few.csv").write_text("text,label\ngood,a\nbad,b\n")
    hub.tools.retrain_text(
        tmp_path / "few.csv", text_module, tmp_path / "out", validation=0, test=0, cache=False
    )

    def refuse(name):
        raise ValueError(name)

    found = json.loads((tmp_path / "out" / "metrics.json").read_text(), parse_constant=refuse)
    assert found["accuracy"]["value"] is found["balanced_accuracy"] is found["loss"] is None
    assert "Not measured: no example was left for it." in (tmp_path / "out" / "card.md").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Nothing was measured" in page
    assert "By class" not in page
    assert "solved for one penalty" in page


def test_fine_tuning_trains_the_module_and_keeps_the_best_epoch(photos, image_module, tmp_path):
    outcome = hub.tools.retrain_image(
        photos, image_module, tmp_path / "out", fine_tune=True, epochs=3, learning_rate=0.003, cache=False
    )
    tuning = outcome.fine_tuning
    losses = [epoch.validation_loss for epoch in tuning.epochs]
    assert losses[tuning.kept] == min(losses)
    assert tuning.kept > 0
    before = hub.load(image_module).trainable_variables[0].numpy()
    after = hub.load(str(tmp_path / "out" / "model")).trainable_variables
    assert not any(v.shape == before.shape and np.allclose(v, before) for v in after)
    assert "Fine-tuning" in (tmp_path / "out" / "report.html").read_text()


def test_a_fixed_module_cannot_be_fine_tuned(photos, tmp_path):
    fixed = save_image_module(tmp_path / "fixed", trainable=False)
    with pytest.raises(ModuleError, match="has no variables to fine-tune"):
        hub.tools.retrain_image(photos, fixed, tmp_path / "out", fine_tune=True, cache=False)


def test_augmentation_adds_changed_copies(photos, image_module, tmp_path):
    cache = str(tmp_path / "cache")
    first = hub.tools.retrain_image(photos, image_module, tmp_path / "a", augment=2, cache_folder=cache)
    second = hub.tools.retrain_image(photos, image_module, tmp_path / "b", augment=2, cache_folder=cache)
    assert first.fit.curve == second.fit.curve
    plain = hub.tools.retrain_image(photos, image_module, tmp_path / "c", cache_folder=cache)
    assert plain.fit.curve != first.fit.curve


def test_a_table_of_images(photos, image_module, tmp_path):
    lines = ["file,class"]
    lines += [f"{path},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
    lines += ["missing.png,red", ",red", f"{photos / 'red' / '1.jpg'},", "nul\0.png,red"]
    (tmp_path / "images.csv").write_text("\n".join(lines))
    outcome = hub.tools.retrain_image(
        tmp_path / "images.csv", image_module, tmp_path / "out", validation=0.2, test=0.2, cache=False
    )
    assert [s.reason for s in outcome.dataset.skipped] == [
        "has no path",
        "has no label",
        "cannot be read: No such file or directory",
        "cannot be read: embedded null byte",
    ]
    assert len(outcome.dataset.examples) == 15
