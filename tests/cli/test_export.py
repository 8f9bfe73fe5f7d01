"""`tfhub export` as a user runs it, in a process of its own."""

from __future__ import annotations

import json

from command_line import tfhub


def test_a_saved_keras_model_becomes_a_module(tmp_path):
    import keras

    model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    printed = tfhub("export", "keras", str(tmp_path / "model.keras"), str(tmp_path / "module"), "--json")
    assert json.loads(printed)["kind"] == "saved_model_2"
