"""The published tutorials' calls, unedited but for handles, sizes and data."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.keras


def test_image_retraining(kit, modules, tmp_path):
    """Of the tutorial on retraining an image classifier."""
    import tensorflow as tf

    keras, KerasLayer = kit.keras, kit.KerasLayer
    model_handle, IMAGE_SIZE, BATCH_SIZE = modules("image"), (8, 8), 4
    class_names, do_fine_tuning = ["daisy", "rose"], True
    images = np.random.default_rng(0).random([8, 8, 8, 3]).astype(np.float32)
    labels = np.eye(2, dtype=np.float32)[np.arange(8) % 2]
    train_ds = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH_SIZE).repeat()

    model = keras.Sequential([
        # Explicitly define the input shape so the model can be properly
        # loaded by the TFLiteConverter
        keras.layers.InputLayer(**{"input_shape" if not kit.is_keras3 else "shape": (*IMAGE_SIZE, 3)}),
        KerasLayer(model_handle, trainable=do_fine_tuning),
        keras.layers.Dropout(rate=0.2),
        keras.layers.Dense(len(class_names), kernel_regularizer=keras.regularizers.l2(0.0001)),
    ])  # fmt: skip
    model.build((None, *IMAGE_SIZE, 3))
    model.summary(print_fn=lambda *_, **__: None)
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.005, momentum=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=["accuracy"],
    )
    hist = model.fit(
        train_ds, epochs=2, steps_per_epoch=2, validation_data=train_ds, validation_steps=1, verbose=0
    ).history
    assert len(hist["val_accuracy"]) == 2
    prediction_scores = model.predict(np.expand_dims(images[0], axis=0), verbose=0)
    assert class_names[np.argmax(prediction_scores)] in class_names
    saved_model_path = str(tmp_path / "saved_flowers_model")
    tf.saved_model.save(model, saved_model_path)
    if not kit.is_keras3:
        converter = tf.lite.TFLiteConverter.from_saved_model(saved_model_path)
        assert len(converter.convert()) > 1000


def test_text_classification(kit, modules):
    """Of the tutorial on classifying the texts of film reviews."""
    import tensorflow as tf

    keras, KerasLayer = kit.keras, kit.KerasLayer
    train_data = tf.data.Dataset.from_tensor_slices((["a", "b", "c", "zz"] * 4, [0, 1, 0, 1] * 4))
    model = modules("text")
    hub_layer = KerasLayer(model, input_shape=[], dtype=tf.string, trainable=True)
    assert hub_layer(tf.constant(["a", "b", "c"])[:3]).shape == (3, 2)

    model = keras.Sequential()
    model.add(hub_layer)
    model.add(keras.layers.Dense(16, activation="relu"))
    model.add(keras.layers.Dense(1))

    model.summary(print_fn=lambda *_, **__: None)
    model.compile(
        optimizer="adam",
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
    )
    history = model.fit(
        train_data.shuffle(100).batch(8), epochs=3, validation_data=train_data.batch(8), verbose=0
    )
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert len(model.evaluate(train_data.batch(8), verbose=0)) == 2
    assert model.layers[0] is hub_layer
