"""Old handles of tfhub.dev lead to their modules on good and on bad days, or say what each place answered."""

from __future__ import annotations

import logging
import os

import pytest
from kaggle_server import tar_gz
from loopback import Answer
from small_modules import files_in, small_module, write_files

import tensorflow_hub as hub
from tensorflow_hub import errors

USE = "https://tfhub.dev/google/universal-sentence-encoder/4"
ON_KAGGLE = "google/universal-sentence-encoder/tensorFlow2/universal-sentence-encoder/2"
INFERRED = "https://tfhub.dev/deepmind/bigbigan-revnet50x4/1"
INFERRED_ON_KAGGLE = "deepmind/bigbigan/tensorFlow1/revnet50x4/1"
FILES = small_module()
BAD_DAYS = pytest.mark.parametrize("day", ["refused", "page", "broken", "gone"])


def test_on_a_good_day_tfhub_dev_gives_it(tfhub_dev, kaggle):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.moved["google/universal-sentence-encoder/4"] = ON_KAGGLE
    assert files_in(hub.resolve(USE)) == FILES
    assert tfhub_dev.server.paths() == ["/google/universal-sentence-encoder/4"]
    assert not any(path.startswith("/api/") for path in kaggle.server.paths())


@BAD_DAYS
def test_on_a_bad_day_kaggle_gives_it(tfhub_dev, kaggle, day, caplog):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.day = day
    found = hub.resolve(USE)
    assert files_in(found) == FILES
    assert files_in(hub.resolve(f"kaggle://{ON_KAGGLE}")) == FILES
    assert not [record for record in caplog.records if "is taken from" in record.message]
    count = len(tfhub_dev.server.requests)
    assert hub.resolve(USE) == found
    assert len(tfhub_dev.server.requests) == count


def test_while_tfhub_dev_is_down_kaggle_gives_it(tfhub_dev, kaggle):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.close()
    assert files_in(hub.resolve(USE)) == FILES


def test_the_redirect_is_the_authority_on_the_place(tfhub_dev, kaggle, caplog):
    kaggle.publish("somebody/else/tensorFlow1/where/3", FILES)
    tfhub_dev.moved["deepmind/bigbigan-revnet50x4/1"] = "somebody/else/tensorFlow1/where/3"
    kaggle.server.interfere = lambda request: (
        Answer(403, b"<Code>SignatureDoesNotMatch</Code>") if request.path.startswith("/models/") else None
    )
    assert files_in(hub.resolve(INFERRED)) == FILES
    assert "is taken from" not in caplog.text


def test_a_redirect_to_another_deployment_is_not_followed_for_a_savedmodel(tfhub_dev, kaggle):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.moved["google/universal-sentence-encoder/4"] = "google/use/tfLite/lite/1"
    assert files_in(hub.resolve(USE)) == FILES


@BAD_DAYS
def test_an_inferred_place_is_used_with_a_warning(tfhub_dev, kaggle, day, caplog):
    kaggle.publish(INFERRED_ON_KAGGLE, FILES)
    tfhub_dev.day = day
    with caplog.at_level(logging.WARNING, "tensorflow_hub"):
        assert files_in(hub.resolve(INFERRED)) == FILES
    assert f"{INFERRED} is taken from kaggle://{INFERRED_ON_KAGGLE}" in caplog.text
    assert "inferred" in caplog.text


def test_the_old_bucket_gives_it_when_kaggle_does_not(tfhub_dev, kaggle):
    tfhub_dev.put_in_bucket("google/universal-sentence-encoder/4", tar_gz(FILES))
    tfhub_dev.day = "refused"
    assert files_in(hub.resolve(USE)) == FILES


def test_the_publishers_archive_comes_last_and_with_a_warning(tfhub_dev, kaggle, caplog):
    kaggle.storage.put("vtab/jigsaw/1.tar.gz", tar_gz(FILES, "jigsaw"), public=True)
    tfhub_dev.day = "page"
    with caplog.at_level(logging.WARNING, "tensorflow_hub"):
        assert files_in(hub.resolve("https://tfhub.dev/vtab/jigsaw/1")) == FILES
    assert "is taken from its publisher" in caplog.text


@BAD_DAYS
def test_the_error_names_each_place_and_the_page(tfhub_dev, kaggle, day):
    tfhub_dev.day = day
    with pytest.raises(errors.HubError, match="cannot be had from any of its places") as caught:
        hub.resolve(USE)
    for part in (USE, f"kaggle://{ON_KAGGLE}", "tfhub-modules/google/universal-sentence-encoder/4.tar.gz"):
        assert part in caught.value.problem
    assert f"https://www.kaggle.com/models/{ON_KAGGLE}" in caught.value.hint
    assert "TFHUB_MIRRORS" in caught.value.hint


def test_it_is_not_found_only_when_every_place_says_so(tfhub_dev, kaggle):
    tfhub_dev.day = "gone"
    kaggle.storage.server.interfere = lambda request: Answer(404)
    with pytest.raises(errors.NotFoundError, match="cannot be had"):
        hub.resolve(USE)
    kaggle.private.add("google/universal-sentence-encoder")
    with pytest.raises(errors.ForbiddenError, match="it is private"):
        hub.resolve(USE)
    kaggle.close()
    with pytest.raises(errors.UnreachableError, match="cannot be had"):
        hub.resolve(USE)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        (
            "google/universal-sentence-encoder/77",
            "one of the versions that tfhub.dev had: 1, 2, 3, 4; or open",
        ),
        ("google/universal-sentence-encodr/4", "tfhub.dev had google/universal-sentence-encoder, "),
        ("nobody/qqqqqq/1", "Look at https://tfhub.dev/nobody/qqqqqq/1. When a hub"),
    ],
)
def test_the_error_for_an_unknown_name_says_which_exist(tfhub_dev, kaggle, name, advice):
    with pytest.raises(errors.NotFoundError, match="It is not there, or not public") as caught:
        hub.resolve(f"https://tfhub.dev/{name}")
    assert advice in caught.value.hint
    assert caught.value.hint.count(f"https://tfhub.dev/{name}") == 1


def test_an_archive_without_a_savedmodel_says_what_it_holds(tfhub_dev, kaggle):
    name = "google/lite-model/yamnet/classification/tflite/1"
    kaggle.publish("google/yamnet/tfLite/classification-tflite/1", {"1.tflite": b"TFL3" * 100})
    tfhub_dev.moved[name] = "google/yamnet/tfLite/classification-tflite/1"
    with pytest.raises(errors.NotFoundError, match="it holds TensorFlow Lite") as caught:
        hub.resolve(f"https://tfhub.dev/{name}")
    assert f"`tfhub pull 'https://tfhub.dev/{name}?lite-format=tflite'`" in caught.value.hint


def test_a_deleted_model_says_so(tfhub_dev, kaggle):
    kaggle.storage.server.interfere = lambda request: Answer(404)
    with pytest.raises(errors.NotFoundError, match="was deleted from tfhub.dev by Google on 2024-03-18"):
        hub.resolve("https://tfhub.dev/inaturalist/vision/embedder/inaturalist_V2/1")


def test_a_deleted_model_comes_from_its_publisher(tfhub_dev, kaggle, monkeypatch):
    kaggle.storage.put("models/de/de_v1_tf.tar.gz", tar_gz(FILES), public=True)
    publisher = "https://silero-models.ams3.cdn.digitaloceanspaces.com/"
    rules = f"{os.environ['TFHUB_MIRRORS']}; {publisher} -> {kaggle.storage.url}/"
    monkeypatch.setenv("TFHUB_MIRRORS", rules)
    assert files_in(hub.resolve("https://tfhub.dev/silero/silero-stt/de/1")) == FILES


def test_an_unversioned_handle_is_the_last_version_that_tfhub_dev_had(tfhub_dev, kaggle):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.day = "refused"
    assert hub.resolve("https://tfhub.dev/google/universal-sentence-encoder") == hub.resolve(USE)


def test_the_chinese_name_of_tfhub_dev_leads_to_the_same_module(tfhub_dev, kaggle):
    tfhub_dev.put_in_bucket("google/universal-sentence-encoder/4", tar_gz(FILES))
    found = hub.resolve("https://hub.tensorflow.google.cn/google/universal-sentence-encoder/4")
    assert files_in(found) == FILES
    assert not tfhub_dev.server.requests
    assert hub.resolve(USE) == found


def test_a_model_of_tensorflow_lite_is_a_file(tfhub_dev, kaggle):
    content = b"\x1c\0\0\0TFL3" + bytes(5000)
    name = "google/lite-model/yamnet/classification/tflite/1"
    kaggle.storage.put("x/y.tflite", content, public=True)
    tfhub_dev.server.interfere = lambda request: Answer(
        302, b"", {"Location": f"{kaggle.storage.url}/x/y.tflite"}
    )
    found = hub.resolve(f"https://tfhub.dev/{name}?lite-format=tflite")
    assert files_in(found) == {"model.tflite": content}


def test_a_model_of_another_framework_is_not_taken_for_one_of_tensorflow_lite(tfhub_dev, kaggle):
    kaggle.publish(ON_KAGGLE, FILES)
    tfhub_dev.moved["google/universal-sentence-encoder/4"] = ON_KAGGLE
    told = f"It leads to kaggle://{ON_KAGGLE}, which is no model of tfLite"
    with pytest.raises(errors.NotFoundError, match=told):
        hub.resolve(f"{USE}?lite-format=tflite")


def test_a_model_of_tensorflow_lite_comes_from_kaggle_on_a_bad_day(tfhub_dev, kaggle):
    files = {"yamnet.tflite": b"TFL3" * 100}
    kaggle.publish("google/yamnet/tfLite/classification-tflite/1", files)
    tfhub_dev.moved["google/lite-model/yamnet/1"] = "google/yamnet/tfLite/classification-tflite/1"
    kaggle.server.interfere = lambda request: Answer(403) if request.path.startswith("/models/") else None
    found = hub.resolve("https://tfhub.dev/google/lite-model/yamnet/1?lite-format=tflite")
    assert files_in(found) == files


def test_a_model_of_tensorflow_js_is_an_archive(tfhub_dev, kaggle):
    files = {"model.json": b"{}", "group1-shard1of1.bin": b"weights"}
    kaggle.storage.put("x/y.tar.gz", tar_gz(files), public=True)
    tfhub_dev.server.interfere = lambda request: Answer(
        302, b"", {"Location": f"{kaggle.storage.url}/x/y.tar.gz"}
    )
    handle = "https://tfhub.dev/google/tfjs-model/x/1/default/1?tfjs-format=compressed"
    assert files_in(hub.resolve(handle)) == files
    assert tfhub_dev.server.requests[0].query == {"tfjs-format": "compressed"}


def test_mirrors_are_asked_in_place_of_all_others(tfhub_dev, kaggle, monkeypatch):
    kaggle.publish(ON_KAGGLE, FILES)
    monkeypatch.setenv("TFHUB_MIRRORS", f"https://tfhub.dev/ -> {kaggle.storage.url}/")
    with pytest.raises(
        errors.HubError, match="forbids this .* 'https://tfhub.dev/google/universal-sentence-encoder/4'"
    ):
        hub.resolve(USE)
    assert not tfhub_dev.server.requests
    assert not kaggle.server.requests


@pytest.mark.parametrize(
    ("handle", "rule"),
    [
        (USE, f"{USE} -> kaggle://acme/words/tensorFlow2/small/1"),
        (USE, "https://tfhub.dev/google/ -> hf://acme/words/models"),
        (USE, f"{USE} -> kaggle://acme/absent/tensorFlow2/small/1, hf://acme/words"),
        ("kaggle://acme/absent/tensorFlow2/small/1", "kaggle://acme/absent/ -> hf://acme/words/absent"),
        ("hf://acme/absent", "hf://acme/absent -> kaggle://acme/words/tensorFlow2/small/1"),
    ],
)
def test_mirrors_may_be_handles_of_any_source(kaggle, hugging_face, monkeypatch, handle, rule):
    kaggle.publish("acme/words/tensorFlow2/small/1", FILES)
    folders = ("", "models/universal-sentence-encoder/4/", "absent/tensorFlow2/small/1/")
    hugging_face.publish("acme/words", {f"{f}{path}": FILES[path] for f in folders for path in FILES})
    monkeypatch.setenv("TFHUB_MIRRORS", rule)
    found = hub.resolve(handle)
    assert {path: content for path, content in files_in(found).items() if path in FILES} == FILES
    monkeypatch.delenv("TFHUB_MIRRORS")
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub.resolve(handle) == found, "the cache keeps the old name"


def test_kagglehubs_copy_of_a_model_that_moved_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    for place in (ON_KAGGLE, INFERRED_ON_KAGGLE):
        write_files(tmp_path / "models" / place, FILES)
        (tmp_path / "models" / f"{place}.complete").touch()
    assert hub.resolve(USE) == str(tmp_path / "models" / ON_KAGGLE)
    with pytest.raises(errors.OfflineError, match="not in the cache"):
        hub.resolve(INFERRED)


def test_something_that_is_not_a_model_of_tfhub_dev_is_refused(tfhub_dev):
    with pytest.raises(errors.HandleError, match=r"Expected a model of tfhub\.dev"):
        hub.resolve("https://tfhub.dev/google")
