"""Running a module on texts, pictures and numbers: what is called, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from detector import photo, save_detector
from PIL import Image
from tool_data import write_image

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, InputError, ModuleError, SignatureError
from tensorflow_hub.tools.running.detections import are_detections, boxes_of
from tensorflow_hub.tools.running.pictures import write_pictures

MODULES = Path(__file__).parents[2] / "data" / "tf1_modules"
run = hub.tools.run_module


def tf1_module(name):
    return str(MODULES / name / "module")


class Sampler(tf.Module):
    """Numbers z [b, 2] and a factor → pictures in [-1, 1], of a brightness that z decides."""

    @tf.function(input_signature=[{"z": tf.TensorSpec([None, 2]), "factor": tf.TensorSpec([])}])
    def __call__(self, inputs):
        brightness = inputs["factor"] * inputs["z"][:, 0]
        return brightness[:, None, None, None] * tf.ones([1, 16, 12, 3])


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("sampler") / "module")
    tf.saved_model.save(Sampler(), folder)
    return folder


def test_texts_go_through_the_object_itself(text_module):
    found = run(text_module, ["a good film", "a bad film"])
    assert (found.signature, found.texts, found.inputs) == (None, True, ("a good film", "a bad film"))
    expected = hub.load(text_module)(tf.constant(found.inputs))
    np.testing.assert_array_equal(found.outputs[""], expected)


def test_pictures_get_the_size_that_the_module_takes(image_module, tmp_path):
    file = write_image(tmp_path / "big.png", (200, 30, 30), 1, (64, 48))
    found = run(image_module, [str(file)])
    assert found.outputs[""].shape == (1, 12)
    assert not found.texts


def test_a_module_in_tf1_hub_format_is_called_by_its_signature():
    found = run(tf1_module("01_linear_scalar"), ["[1, 2, 3]"])
    assert found.signature == "default"
    np.testing.assert_allclose(found.outputs["default"], [2.5, 3.0, 3.5])
    json.dumps(found.to_dict())


def test_the_signature_can_be_named():
    found = run(tf1_module("02_multi_signature"), ["[1, 2, 3]"], signature="encode")
    assert (found.signature, found.outputs["default"].shape) == ("encode", (1, 4))
    assert run(tf1_module("02_multi_signature"), signature="weights").outputs["w"].shape == (3, 4)
    with pytest.raises(SignatureError, match=r"the signature 'triple' in .*, found only '.*'encode'"):
        run(tf1_module("02_multi_signature"), ["[1, 2]"], signature="triple")


def test_several_inputs_are_given_by_name(sampler):
    found = run(sampler, named={"z": ["[0, 0]", "[0.5, 0]"], "factor": ["2"]})
    assert found.outputs[""].shape == (2, 16, 12, 3)
    assert found.outputs[""][1].max() == 1.0


def test_a_missing_input_is_named_with_all_that_there_are(sampler):
    with pytest.raises(InputError, match=r"\(factor: float32\[\], z: float32\[\?, 2\]\), got values for "):
        run(sampler, named={"z": ["[0, 0]"]})
    with pytest.raises(InputError, match=r"got values without names\."):
        run(sampler, ["[0, 0]"])


@pytest.mark.parametrize("value", ["abc", '["a"]', "[[1], [2, 3]]", "[1, 2, 3, 4]", "[1]", "nothing.npy"])
def test_values_that_do_not_fit_are_refused(sampler, value):
    with pytest.raises((InputError, DataError), match=r"Expected float32\[\?, 2\]|cannot be read"):
        run(sampler, named={"z": [value], "factor": ["1"]})


def test_numbers_come_from_a_file_too(sampler, tmp_path):
    np.save(tmp_path / "z.npy", np.zeros([3, 2]))
    found = run(sampler, named={"z": [str(tmp_path / "z.npy")], "factor": ["1"]})
    assert len(found.outputs[""]) == 3


def test_a_text_is_not_a_picture(image_module):
    with pytest.raises(InputError, match=r"Expected float32\[.*\], got 'a cat'"):
        run(image_module, ["a cat"])


def test_an_input_that_the_module_refuses_is_a_hub_error(tmp_path):
    class Reshaping(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def __call__(self, values):
            return tf.reshape(values, [-1, 2])

    tf.saved_model.save(Reshaping(), str(tmp_path / "module"))
    assert run(str(tmp_path / "module"), ["[1, 2]"]).outputs[""].shape == (1, 2)
    with pytest.raises(ModuleError, match="to this: Input to reshape is a tensor with 3 values"):
        run(str(tmp_path / "module"), ["[1, 2, 3]"])


def test_a_classifier_names_its_classes(photos, image_module, tmp_path):
    hub.tools.retrain_image(photos, image_module, tmp_path / "out", cache=False)
    found = run(str(tmp_path / "out" / "model"), [str(photos / "red" / "0.png")])
    assert found.labels == ("blue", "green", "red")
    assert found.labels[int(found.outputs[""][0].argmax())] == "red"
    raw = run(str(tmp_path / "out" / "model"), [str(photos / "red" / "0.png")], signature="serving_default")
    assert raw.outputs["label"].tolist() == [b"red"]


def test_pictures_are_written(sampler, tmp_path):
    found = run(sampler, named={"z": ["[0, 0]", "[1, 0]"], "factor": ["-1"]})
    first, second = write_pictures(found, tmp_path / "face.png")
    assert (first.name, second.name) == ("face-1.png", "face-2.png")
    with Image.open(second) as image:
        assert (image.size, image.getpixel((0, 0))) == ((12, 16), (0, 0, 0))


def test_something_that_is_not_a_picture_is_not_written(text_module, tmp_path):
    found = run(text_module, ["a"])
    with pytest.raises(DataError, match="The module gives no picture"):
        write_pictures(found, tmp_path / "x.png")


@pytest.mark.parametrize("in_pixels", [False, True])
def test_boxes_of_a_detector_are_shares_of_the_photo(tmp_path, in_pixels):
    (tmp_path / "a.png").write_bytes(photo((120, 80)))
    module = save_detector(tmp_path / "module", "???\nperson\nbicycle\n", in_pixels=in_pixels)
    found = run(str(module), [str(tmp_path / "a.png")])
    [[first, second]] = found.boxes
    assert (first.label, round(first.score, 2), second.label) == ("bicycle", 0.9, "class 7")
    assert (first.top, first.left, first.bottom, first.right) == pytest.approx(
        (0.25, 0.25, 0.5, 0.5), abs=0.01
    )
    assert found.to_dict()["boxes"][0][0]["label"] == "bicycle"
    [written] = write_pictures(found, tmp_path / "boxes.png")
    with Image.open(written) as image:
        assert image.size == (120, 80)
        assert image.getpixel((60, 40)) == (0xFF, 0xD4, 0x00), "the corner of the first box"
        assert image.getpixel((110, 5)) == (20, 40, 90)


def test_outputs_of_other_shapes_are_not_detections():
    boxes, rows = np.zeros([1, 2, 4], np.float32), np.zeros([1, 2], np.float32)
    fit = {"detection_boxes": boxes, "detection_scores": rows, "detection_classes": rows}
    assert are_detections(fit)
    assert not are_detections({**fit, "detection_boxes": boxes[..., :3]})
    assert not are_detections({**fit, "detection_classes": rows[:, :1]})
    assert not are_detections({"detection_boxes": boxes})
    nothing = {**fit, "detection_boxes": boxes[:, :0], "detection_scores": rows[:, :0]}
    nothing["detection_classes"] = rows[:, :0]
    assert boxes_of(nothing, (), np.zeros([1, 8, 8, 3])) == [[]]


def test_names_of_open_images_are_taken_as_they_come():
    outputs = {
        "detection_boxes": np.array([[0.1, 0.1, 0.4, 0.4], [np.nan, 0, 1, 9]], np.float32),
        "detection_scores": np.array([0.5, 0.8], np.float32),
        "detection_classes": np.array([3, 4]),
        "detection_class_entities": np.array([b"Tree", b"Dog"], object),
    }
    [[first, second]] = boxes_of(outputs, (), np.zeros([1, 8, 8, 3]))
    assert (first.label, second.label) == ("Dog", "Tree")
    assert 0 <= first.top <= first.bottom <= 1


def test_missing_values_are_a_hub_error(sampler):
    with pytest.raises(InputError, match=r"Expected float32\[\] for the input 'factor', got nothing"):
        run(sampler, named={"z": ["[0, 0]"], "factor": []})
