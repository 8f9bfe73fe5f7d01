"""Labelling images and texts with a retrained classifier."""

from __future__ import annotations

import re

import pytest
from tool_data import write_image

from tensorflow_hub.errors import DataError, ModuleError


@pytest.fixture(scope="module")
def model(tmp_path_factory, photos, image_module):
    import tensorflow_hub as hub

    out = tmp_path_factory.mktemp("label") / "colours"
    hub.tools.retrain_image(photos, image_module, out, cache=False)
    return out


def test_labels_stay_in_order_whatever_separates_their_words(text_module, tmp_path):
    import tensorflow_hub as hub

    rows = [f"{word} {i},{label}" for i in range(30) for word, label in (("good", "x\x1cy"), ("bad", "z"))]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows))
    hub.tools.retrain_text(tmp_path / "data.csv", text_module, tmp_path / "model", cache=False)
    labeller = hub.tools.Labeller(tmp_path / "model")
    assert labeller.labels == ("x y", "z")
    assert [labelled.label for labelled in labeller.texts(["good", "bad"])] == ["x y", "z"]


def test_an_image_cut_off_in_the_middle_spoils_no_other(model, tmp_path):
    from tensorflow_hub.tools import Labeller

    whole = write_image(tmp_path / "whole.jpg", (30, 30, 200), 3, (64, 64))
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:700])
    results = {r.name.rsplit("/", 1)[1]: r for r in Labeller(model).images([tmp_path])}
    assert results["whole.jpg"].label == "blue"
    assert re.match(r"'cut.jpg' cannot be decoded: [^<{]*jpeg", results["cut.jpg"].problem)


def test_something_that_is_not_a_classifier_is_refused(image_module):
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
