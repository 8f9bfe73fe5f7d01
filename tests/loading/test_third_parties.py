"""SavedModels that others made and published, loaded, applied and trained."""

from __future__ import annotations

import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tensorflow_hub as hub

pytestmark = [pytest.mark.assets, pytest.mark.keras]

BASIC_PITCH = ("basic-pitch", "0.4.0", "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0")
GUESSLANG = ("guesslang", "2.2.1", "36bd12130515ee0e637f7255340ba92ea919d53423743f4c1b0c73727a5499cb")


@pytest.fixture(scope="module")
def unpacked(repository, tmp_path_factory):
    """The folder of a package's files by its pin."""
    spec = importlib.util.spec_from_file_location("assets", repository / "examples" / "assets.py")
    assets = sys.modules.setdefault("assets", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(assets)
    os.environ.setdefault("TFHUB_ASSETS", str(repository / ".cache" / "assets"))

    def unpack(pin) -> Path:
        folder = tmp_path_factory.mktemp(pin[0])
        try:
            archive = assets.fetch(*pin, kind="pypi")
        except assets.UnreachableRegistryError as error:
            pytest.skip(f"no registry: {error}")
        zipfile.ZipFile(archive).extractall(folder)
        return folder

    return unpack


def test_a_transcriber_of_music_hears_a_sine(unpacked):
    path = str(unpacked(BASIC_PITCH) / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp")
    time = np.arange(43844) / 22050
    audio = np.sin(2 * np.pi * 440 * time).astype(np.float32).reshape(1, -1, 1)
    layer = hub.KerasLayer(path, trainable=True)
    outputs = layer(audio)
    assert set(outputs) == {"note", "onset", "contour"}
    assert int(np.argmax(np.mean(outputs["note"], axis=(0, 1)))) == 48
    assert (len(layer.weights), len(layer.trainable_weights)) == (24, 18)


def test_a_transcriber_of_music_trains(unpacked):
    import tensorflow as tf

    path = str(unpacked(BASIC_PITCH) / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp")
    module = hub.load(path)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(module(tf.zeros([1, 43844, 1]), training=True)["note"])
    gradients = tape.gradient(loss, list(module.trainable_variables))
    assert sum(gradient is not None for gradient in gradients) > 5


def test_a_guesser_of_languages_guesses(unpacked):
    path = str(unpacked(GUESSLANG) / "guesslang" / "data" / "model")
    module = hub.load(path)
    sources = [
        "def f(x):\n    import os\n    return [i for i in x]\n",
        '#include <stdio.h>\nint main(){printf("a");}',
    ]
    outputs = module(sources)
    assert outputs["scores"].shape == (2, 54)
    best = np.argmax(outputs["scores"], axis=1)
    assert [outputs["classes"].numpy()[i, j] for i, j in enumerate(best)] == [b"py", b"c"]
    assert len(module.variables) == 10


def test_a_guesser_of_languages_computes_what_tensorflow_does(unpacked):
    import tensorflow as tf

    path = str(unpacked(GUESSLANG) / "guesslang" / "data" / "model")
    sources = tf.constant(["SELECT a FROM b WHERE c = 1;", "fn main() { let x = 1; }"])
    reference = tf.saved_model.load(path, tags=["serve"])
    expected = reference.signatures["classification"](sources)
    outputs = hub.load(path, tags=["serve"]).signatures["classification"](sources)
    np.testing.assert_allclose(outputs["scores"], expected["scores"], rtol=1e-6)
